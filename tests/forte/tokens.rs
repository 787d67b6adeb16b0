//! Tokens: their claims, and which tokens are rejected.

use crate::harness::rows::{NewCompany, NewPerson, Rows};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forte_media::auth::{
    Auth, CallerError, RefreshToken, TokenError, TokenKind, TokenPair, TokenSubject, Tokens,
};
use forte_media::config::Settings;
use forte_media::database::{self, Database};
use forte_media::model::{
    Clock, CompanyId, CompanyKind, ManualClock, MaybeTransient as _, Person, PersonId, Random, Role,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use tempfile::TempDir;

const SECRET: &str = "tests-0123456789-0123456789-0123456789";
const NOW: i64 = 1_800_000_000;
const TTL: SignedDuration = SignedDuration::from_secs(300);
const DIRECTOR: Person = Person { id: PersonId(153), company: CompanyId(71), role: Role::Admin };

fn tokens() -> (Tokens, ManualClock) {
    let (clock, manual_clock) = Clock::manual(now());
    let config = Settings::load(None, []).unwrap().auth;
    (Tokens::new(&config, &SECRET.into(), clock, Random::seeded(1)), manual_clock)
}

fn auth(database: Database) -> Auth {
    let (clock, _) = Clock::manual(now());
    let config = Settings::load(None, []).unwrap().auth;
    Auth::new(database, &config, &SECRET.into(), clock, Random::seeded(1))
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn subject() -> TokenSubject {
    TokenSubject {
        person: DIRECTOR,
        biin: "200940026146".to_owned(),
        uuid: "123456789012349".to_owned(),
        session: "a-session".to_owned(),
    }
}

/// A pair that was issued seven seconds ago.
fn pair(tokens: &Tokens) -> TokenPair {
    let at = |second| Timestamp::from_second(second).unwrap();
    let refresh = RefreshToken { rti: 260, issued_at: at(NOW - 7), expires_at: at(NOW + 1_000) };
    tokens.mint_pair(&subject(), &refresh, TTL).unwrap()
}

/// The first two parts of a token, as JSON.
fn read(token: &str) -> [Value; 2] {
    let mut parts = token.split('.');
    [(); 2].map(|()| {
        let part = URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    })
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A token with these parts and a valid HS256 signature.
fn signed(header: &Value, claims: &Value) -> String {
    signed_with(SECRET, header, claims)
}

fn signed_with(secret: &str, header: &Value, claims: &Value) -> String {
    let text = unsigned(header, claims);
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A valid access token with one claim changed, or removed by `null`, and signed again.
fn with_claim(tokens: &Tokens, name: &str, value: Value) -> String {
    let [header, mut claims] = read(&tokens.mint_access(&subject(), TTL).unwrap());
    let object = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(object.remove(name)),
        value => drop(object.insert(name.to_owned(), value)),
    }
    signed(&header, &claims)
}

fn error_of(tokens: &Tokens, token: &str) -> TokenError {
    tokens.verify_access(token).map(|_| ()).unwrap_err()
}

#[test]
fn an_access_token_has_the_claims_of_the_document() {
    let (tokens, _) = tokens();
    let [header, claims] = read(&tokens.mint_access(&subject(), TTL).unwrap());
    assert_eq!(header, json!({"typ": "JWT", "alg": "HS256"}));
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(
        claims,
        json!({
            "iss": "forte-media", "biin": "200940026146", "company_id": 71, "user_id": 153,
            "uuid": "123456789012349", "type": "access", "iat": NOW, "exp": NOW + 300,
            "jti": jti, "aud": "forte-media", "sid": "a-session", "role": "admin",
        })
    );
}

#[test]
fn a_refresh_token_has_an_id_and_a_secret() {
    let (tokens, _) = tokens();
    let [_, claims] = read(&pair(&tokens).refresh_token);
    assert_eq!(claims["type"], "refresh");
    assert_eq!(claims["rti"], "260");
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW - 7), &json!(NOW + 1_000)));
    let rtp = claims["rtp"].as_str().unwrap();
    assert_eq!(rtp.len(), 16);
    assert!(rtp.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')), "{rtp}");
}

#[test]
fn two_access_tokens_differ() {
    let (tokens, _) = tokens();
    let one = tokens.mint_access(&subject(), TTL).unwrap();
    assert_ne!(one, tokens.mint_access(&subject(), TTL).unwrap());
}

#[test]
fn accepts_a_minted_token() {
    let (tokens, _) = tokens();
    let claims = tokens.verify_access(&tokens.mint_access(&subject(), TTL).unwrap()).unwrap();
    assert_eq!(claims.kind, TokenKind::Access);
    assert_eq!((claims.person(), claims.company_id), (PersonId(153), 71));
}

#[test]
fn rejects_every_other_algorithm() {
    let (tokens, _) = tokens();
    let [_, claims] = read(&tokens.mint_access(&subject(), TTL).unwrap());
    let mut forged = Vec::new();
    for algorithm in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""] {
        let header = json!({"typ": "JWT", "alg": algorithm});
        forged.push(signed(&header, &claims));
        forged.push(format!("{}.", unsigned(&header, &claims)));
    }
    let text = unsigned(&json!({"typ": "JWT", "alg": "HS512"}), &claims);
    let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&text);
    forged.push(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())));
    for token in forged {
        assert_eq!(error_of(&tokens, &token), TokenError::Invalid, "{token}");
    }
}

#[test]
fn rejects_a_header_with_more_than_type_and_algorithm() {
    let (tokens, _) = tokens();
    let [_, claims] = read(&tokens.mint_access(&subject(), TTL).unwrap());
    let key = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode("a key of the attacker's own")});
    for header in [
        json!({"typ": "JWT", "alg": "HS256", "kid": "../../../../dev/null"}),
        json!({"typ": "JWT", "alg": "HS256", "jku": "http://127.0.0.1/keys.json"}),
        json!({"typ": "JWT", "alg": "HS256", "x5u": "http://127.0.0.1/cert.pem"}),
        json!({"typ": "JWT", "alg": "HS256", "jwk": key}),
        json!({"typ": "JWE", "alg": "HS256"}),
        json!({"alg": "HS256"}),
    ] {
        assert_eq!(error_of(&tokens, &signed(&header, &claims)), TokenError::Invalid, "{header}");
    }
}

#[test]
fn rejects_altered_claims_and_foreign_signatures() {
    let (tokens, _) = tokens();
    let token = tokens.mint_access(&subject(), TTL).unwrap();
    let [header, mut claims] = read(&token);
    let foreign = signed_with("other-0123456789-0123456789-0123456789", &header, &claims);
    assert_eq!(error_of(&tokens, &foreign), TokenError::Invalid);
    claims["company_id"] = json!(72);
    let signature = token.rsplit('.').next().unwrap();
    let tampered = format!("{}.{signature}", unsigned(&header, &claims));
    assert_eq!(error_of(&tokens, &tampered), TokenError::Invalid);
}

#[test]
fn rejects_another_issuer_and_another_audience() {
    let (tokens, _) = tokens();
    for name in ["iss", "aud"] {
        for value in [json!("localhost"), json!(""), json!(7), Value::Null] {
            let token = with_claim(&tokens, name, value.clone());
            assert_eq!(error_of(&tokens, &token), TokenError::Invalid, "{name}: {value}");
        }
    }
}

#[test]
fn rejects_a_token_that_lacks_a_claim() {
    let (tokens, _) = tokens();
    for name in ["exp", "iat", "type", "user_id", "company_id", "biin", "uuid", "jti", "sid"] {
        let token = with_claim(&tokens, name, Value::Null);
        assert_eq!(error_of(&tokens, &token), TokenError::Invalid, "{name}");
    }
}

#[test]
fn a_token_expires_thirty_seconds_after_exp() {
    let (tokens, clock) = tokens();
    let token = tokens.mint_access(&subject(), TTL).unwrap();
    clock.advance(SignedDuration::from_secs(329));
    assert!(tokens.verify_access(&token).is_ok());
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(error_of(&tokens, &token), TokenError::Expired);
}

#[test]
fn rejects_a_token_issued_more_than_thirty_seconds_in_the_future() {
    let (tokens, clock) = tokens();
    let token = tokens.mint_access(&subject(), TTL).unwrap();
    clock.advance(SignedDuration::from_secs(-30));
    assert!(tokens.verify_access(&token).is_ok());
    clock.advance(SignedDuration::from_secs(-1));
    assert_eq!(error_of(&tokens, &token), TokenError::Invalid);
}

#[test]
fn rejects_a_token_of_the_other_type() {
    let (tokens, _) = tokens();
    let pair = pair(&tokens);
    assert_eq!(error_of(&tokens, &pair.refresh_token), TokenError::WrongType);
    let refused = tokens.verify_refresh(&pair.access_token).map(|_| ()).unwrap_err();
    assert_eq!(refused, TokenError::WrongType);
}

#[test]
fn the_same_refresh_token_row_always_gives_the_same_pair() {
    let (tokens, clock) = tokens();
    let first = pair(&tokens);
    clock.advance(SignedDuration::from_secs(60));
    let again = pair(&tokens);
    assert!(first == again);
    let [_, access] = read(&first.access_token);
    assert_eq!((&access["iat"], &access["exp"]), (&json!(NOW - 7), &json!(NOW - 7 + 300)));
    let [_, refresh] = read(&first.refresh_token);
    assert_ne!(access["jti"], refresh["jti"]);
    let (claims, rti) = tokens.verify_refresh(&first.refresh_token).unwrap();
    assert_eq!((claims.person(), rti), (PersonId(153), 260));
}

#[test]
fn rejects_a_refresh_token_with_another_secret_or_id() {
    let (tokens, _) = tokens();
    let [header, claims] = read(&pair(&tokens).refresh_token);
    for (name, value) in [
        ("rtp", json!("32A4EB58C513BEBE")),
        ("rtp", json!("")),
        ("rtp", Value::Null),
        ("rti", json!("261")),
        ("rti", json!("")),
        ("rti", Value::Null),
    ] {
        let mut changed = claims.clone();
        changed[name] = value.clone();
        let refused = tokens.verify_refresh(&signed(&header, &changed)).map(|_| ()).unwrap_err();
        assert_eq!(refused, TokenError::Invalid, "{name}: {value}");
    }
}

#[test]
fn rejects_text_that_is_not_a_token() {
    let (tokens, _) = tokens();
    let token = tokens.mint_access(&subject(), TTL).unwrap();
    for text in [
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{token}.{token}"),
        format!("Bearer {token}"),
        format!("access_token={token}"),
        "é".repeat(9000),
    ] {
        assert_eq!(error_of(&tokens, &text), TokenError::Invalid, "{text}");
    }
}

#[tokio::test]
async fn reads_rights_from_the_database_and_not_from_the_token() {
    let (database, _folder) = database().await;
    let token = tokens().0.mint_access(&promoted(), TTL).unwrap();
    let caller = auth(database).authenticate(&token).await.unwrap();
    assert_eq!(caller.person, DIRECTOR);
}

#[tokio::test]
async fn rejects_an_inactive_person_immediately() {
    let (database, _folder) = database().await;
    let token = tokens().0.mint_access(&subject(), TTL).unwrap();
    let auth = auth(database.clone());
    assert!(auth.authenticate(&token).await.is_ok());
    database.set_person_active(DIRECTOR.id, false).await.unwrap();
    assert!(matches!(auth.authenticate(&token).await, Err(CallerError::Inactive)));
}

#[tokio::test]
async fn an_unavailable_database_is_not_reported_as_a_bad_token() {
    let (database, _folder) = database().await;
    let token = tokens().0.mint_access(&subject(), TTL).unwrap();
    database.close().await;
    let Err(CallerError::Database(error)) = auth(database).authenticate(&token).await else {
        panic!("the database is closed");
    };
    assert!(error.is_transient());
}

/// A token that claims more than the database grants.
fn promoted() -> TokenSubject {
    let person = Person { company: CompanyId(1), role: Role::Reviewer, ..DIRECTOR };
    TokenSubject { person, ..subject() }
}

/// A database with the director.
async fn database() -> (Database, TempDir) {
    let folder = TempDir::new().unwrap();
    let mut config: database::Config = Settings::load(None, []).unwrap().database;
    config.url = format!("sqlite://{}/database.db", folder.path().display()).into();
    let database = Database::open(&config).await.unwrap();
    database.migrate().await.unwrap();
    let company = NewCompany {
        id: DIRECTOR.company,
        key: None,
        kind: CompanyKind::Company,
        biin: "200940026146".to_owned(),
        name: "Alpha AJI Gruppe ТОО".to_owned(),
        email: "email@mail.ru".to_owned(),
    };
    database.add_company(&company).await.unwrap();
    let person = NewPerson {
        person: DIRECTOR,
        key: None,
        mobile: "+77021234567".to_owned(),
        first_name: "Руслан".to_owned(),
        last_name: "Нурмуханов".to_owned(),
        email: String::new(),
    };
    database.add_person(&person).await.unwrap();
    (database, folder)
}

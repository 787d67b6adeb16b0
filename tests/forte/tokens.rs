//! Tokens: what they say, and which are not taken (S11–S14, S17–S19).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forte_media::config::Settings;
use forte_media::database::{self, Database, NewCompany, NewPerson};
use forte_media::leasing::{
    Bearer, CallerError, Kind, Leasing, Lineage, TokenError, TokenPair, Tokens,
};
use forte_media::model::{
    Clock, CompanyId, CompanyKind, ManualClock, Person, PersonId, Random, Role,
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
    let (clock, hand) = Clock::manual(Timestamp::from_second(NOW).unwrap());
    let auth = Settings::load(None, []).unwrap().auth;
    (Tokens::new(&auth, &SECRET.into(), clock, Random::seeded(1)), hand)
}

fn bearer() -> Bearer {
    Bearer {
        person: DIRECTOR,
        biin: "200940026146".to_owned(),
        uuid: "123456789012349".to_owned(),
        session: "a-session".to_owned(),
    }
}

/// A pair made a little while ago.
fn pair(tokens: &Tokens) -> TokenPair {
    let at = |second| Timestamp::from_second(second).unwrap();
    let lineage = Lineage { rti: 260, made_at: at(NOW - 7), expires_at: at(NOW + 1_000) };
    tokens.pair(&bearer(), &lineage, TTL).unwrap()
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

/// A token with these parts and a true HS256 signature over them.
fn signed(header: &Value, claims: &Value) -> String {
    signed_with(SECRET, header, claims)
}

fn signed_with(secret: &str, header: &Value, claims: &Value) -> String {
    let text = unsigned(header, claims);
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A good access token with one claim changed (taken away, with `null`), signed truly.
fn with_claim(tokens: &Tokens, name: &str, value: Value) -> String {
    let [header, mut claims] = read(&tokens.mint_access(&bearer(), TTL).unwrap());
    let object = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(object.remove(name)),
        value => drop(object.insert(name.to_owned(), value)),
    }
    signed(&header, &claims)
}

fn refusal(tokens: &Tokens, token: &str) -> TokenError {
    tokens.verify_access(token).map(|_| ()).unwrap_err()
}

#[test]
fn an_access_token_says_what_the_documents_own_says() {
    let (tokens, _) = tokens();
    let [header, claims] = read(&tokens.mint_access(&bearer(), TTL).unwrap());
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
fn a_refresh_token_has_a_number_and_a_secret() {
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
fn no_two_tokens_are_the_same() {
    let (tokens, _) = tokens();
    let one = tokens.mint_access(&bearer(), TTL).unwrap();
    assert_ne!(one, tokens.mint_access(&bearer(), TTL).unwrap());
}

#[test]
fn a_minted_token_is_taken() {
    let (tokens, _) = tokens();
    let claims = tokens.verify_access(&tokens.mint_access(&bearer(), TTL).unwrap()).unwrap();
    assert_eq!(claims.kind, Kind::Access);
    assert_eq!((claims.person(), claims.company_id), (PersonId(153), 71));
}

#[test]
fn no_other_algorithm_is_taken() {
    let (tokens, _) = tokens();
    let [_, claims] = read(&tokens.mint_access(&bearer(), TTL).unwrap());
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
        assert_eq!(refusal(&tokens, &token), TokenError::Invalid, "{token}");
    }
}

#[test]
fn a_header_with_anything_but_type_and_algorithm_is_not_taken() {
    let (tokens, _) = tokens();
    let [_, claims] = read(&tokens.mint_access(&bearer(), TTL).unwrap());
    let key = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode("a key of the attacker's own")});
    for header in [
        json!({"typ": "JWT", "alg": "HS256", "kid": "../../../../dev/null"}),
        json!({"typ": "JWT", "alg": "HS256", "jku": "http://127.0.0.1/keys.json"}),
        json!({"typ": "JWT", "alg": "HS256", "x5u": "http://127.0.0.1/cert.pem"}),
        json!({"typ": "JWT", "alg": "HS256", "jwk": key}),
        json!({"typ": "JWE", "alg": "HS256"}),
        json!({"alg": "HS256"}),
    ] {
        assert_eq!(refusal(&tokens, &signed(&header, &claims)), TokenError::Invalid, "{header}");
    }
}

#[test]
fn changed_claims_and_foreign_keys_are_not_taken() {
    let (tokens, _) = tokens();
    let token = tokens.mint_access(&bearer(), TTL).unwrap();
    let [header, mut claims] = read(&token);
    let foreign = signed_with("other-0123456789-0123456789-0123456789", &header, &claims);
    assert_eq!(refusal(&tokens, &foreign), TokenError::Invalid);
    claims["company_id"] = json!(72);
    let signature = token.rsplit('.').next().unwrap();
    let tampered = format!("{}.{signature}", unsigned(&header, &claims));
    assert_eq!(refusal(&tokens, &tampered), TokenError::Invalid);
}

#[test]
fn a_token_of_another_issuer_or_for_others_is_not_taken() {
    let (tokens, _) = tokens();
    for name in ["iss", "aud"] {
        for value in [json!("localhost"), json!(""), json!(7), Value::Null] {
            let token = with_claim(&tokens, name, value.clone());
            assert_eq!(refusal(&tokens, &token), TokenError::Invalid, "{name}: {value}");
        }
    }
}

#[test]
fn a_token_without_one_of_its_claims_is_not_taken() {
    let (tokens, _) = tokens();
    for name in ["exp", "iat", "type", "user_id", "company_id", "biin", "uuid", "jti", "sid"] {
        let token = with_claim(&tokens, name, Value::Null);
        assert_eq!(refusal(&tokens, &token), TokenError::Invalid, "{name}");
    }
}

#[test]
fn a_token_expires_half_a_minute_after_its_end() {
    let (tokens, hand) = tokens();
    let token = tokens.mint_access(&bearer(), TTL).unwrap();
    hand.advance(SignedDuration::from_secs(329));
    assert!(tokens.verify_access(&token).is_ok());
    hand.advance(SignedDuration::from_secs(1));
    assert_eq!(refusal(&tokens, &token), TokenError::Expired);
}

#[test]
fn a_token_from_the_future_is_not_taken_beyond_half_a_minute() {
    let (tokens, hand) = tokens();
    let token = tokens.mint_access(&bearer(), TTL).unwrap();
    hand.advance(SignedDuration::from_secs(-30));
    assert!(tokens.verify_access(&token).is_ok());
    hand.advance(SignedDuration::from_secs(-1));
    assert_eq!(refusal(&tokens, &token), TokenError::Invalid);
}

#[test]
fn a_refresh_token_is_no_access_token() {
    let (tokens, _) = tokens();
    let pair = pair(&tokens);
    assert_eq!(refusal(&tokens, &pair.refresh_token), TokenError::WrongType);
    let refused = tokens.verify_refresh(&pair.access_token).map(|_| ()).unwrap_err();
    assert_eq!(refused, TokenError::WrongType);
}

/// S16
#[test]
fn the_same_number_makes_the_same_pair_whenever_it_is_asked_for() {
    let (tokens, hand) = tokens();
    let first = pair(&tokens);
    hand.advance(SignedDuration::from_secs(60));
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
fn a_refresh_token_with_another_secret_or_number_is_not_taken() {
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
fn what_is_no_token_is_not_taken() {
    let (tokens, _) = tokens();
    let token = tokens.mint_access(&bearer(), TTL).unwrap();
    for text in [
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{token}.{token}"),
        format!("Bearer {token}"),
        format!("access_token={token}"),
        "é".repeat(9000),
    ] {
        assert_eq!(refusal(&tokens, &text), TokenError::Invalid, "{text}");
    }
}

#[tokio::test]
async fn rights_come_from_the_database_and_not_from_the_token() {
    let (database, _folder) = database().await;
    let (mine, _) = tokens();
    let token = mine.mint_access(&promoted(), TTL).unwrap();
    let caller = Leasing::new(database, mine).caller(&token).await.unwrap();
    assert_eq!(caller, DIRECTOR);
}

#[tokio::test]
async fn who_was_dismissed_is_turned_away_at_once() {
    let (database, _folder) = database().await;
    let (mine, _) = tokens();
    let token = mine.mint_access(&bearer(), TTL).unwrap();
    let leasing = Leasing::new(database.clone(), mine);
    assert!(leasing.caller(&token).await.is_ok());
    database.set_person_active(DIRECTOR.id, false).await.unwrap();
    assert!(matches!(leasing.caller(&token).await, Err(CallerError::Inactive)));
}

#[tokio::test]
async fn a_database_that_is_away_is_not_taken_for_a_bad_token() {
    let (database, _folder) = database().await;
    let (mine, _) = tokens();
    let token = mine.mint_access(&bearer(), TTL).unwrap();
    database.close().await;
    let answer = Leasing::new(database, mine).caller(&token).await;
    assert!(matches!(answer, Err(CallerError::Away(_))));
}

/// A token that claims more than the database grants.
fn promoted() -> Bearer {
    let person = Person { company: CompanyId(1), role: Role::Reviewer, ..DIRECTOR };
    Bearer { person, ..bearer() }
}

/// A database that knows the director.
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
        patronic_name: "Серикович".to_owned(),
        email: String::new(),
    };
    database.add_person(&person).await.unwrap();
    (database, folder)
}

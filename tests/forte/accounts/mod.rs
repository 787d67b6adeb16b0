//! Accounts with passwords: how 1C authenticates (E12), and which credentials are refused.

mod command;
mod credentials;
mod reviewers;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use forte_media::auth::{AccountSpec, OldPassword};
use forte_media::database::AccountOwner;
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::harness::account::{NODE, PASSWORD, add_limited_node, add_node, basic, from};
use crate::harness::answers::problem;
use crate::harness::service::{Options, Service, header, json, on_both_backends};

/// Any route of 1C: all of them authenticate in the same way.
const PATH: &str = "/1c/v1/submissions";

on_both_backends!(
    one_c_authenticates_by_each_documented_header,
    ten_wrong_passwords_a_minute_lock_out_an_account_and_an_address,
    wrong_passwords_from_elsewhere_do_not_lock_out_a_known_address,
    the_old_password_works_for_a_day_after_a_rotation,
    a_disabled_account_is_refused_immediately,
);

async fn send(service: &Service, builder: Builder) -> Response<Body> {
    service.send(builder.body(Body::empty()).unwrap()).await
}

async fn by_basic(service: &Service, login: &str, password: &str) -> Response<Body> {
    send(service, Request::get(PATH).header("Authorization", basic(login, password))).await
}

async fn by_basic_from(service: &Service, address: &str, password: &str) -> Response<Body> {
    let request = Request::get(PATH).header("Authorization", basic(NODE, password));
    service.send(from(address, request.body(Body::empty()).unwrap())).await
}

/// E12, R12, R13, Q35: Basic, `X-API-Key`, or the literal headers of the document's example.
async fn one_c_authenticates_by_each_documented_header(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    let key = format!("{NODE}:{PASSWORD}");
    let by_key = Request::get(PATH).header("X-API-Key", key.as_bytes());
    assert_eq!(send(&service, by_key).await.status(), 200);
    let by_headers =
        Request::get(PATH).header("Login", NODE).header("Password", PASSWORD.as_bytes());
    assert_eq!(send(&service, by_headers).await.status(), 200);
    // Some clients omit the padding or write the scheme in lower case.
    let unpadded = basic(NODE, PASSWORD).replace("Basic", "basic").trim_end_matches('=').to_owned();
    let by_unpadded = Request::get(PATH).header("Authorization", unpadded);
    assert_eq!(send(&service, by_unpadded).await.status(), 200);
}

/// S10, S70: only password hashes are stored.
#[tokio::test]
async fn an_unknown_login_gets_the_same_response_as_a_wrong_password() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let mut messages = Vec::new();
    for login in [NODE, "nobody", "", "admin_1C"] {
        let response = by_basic(&service, login, "pass_1C").await;
        assert_eq!(header(&response, "www-authenticate"), "Basic realm=\"1C\", charset=\"UTF-8\"");
        messages.push(problem(response, 401, "credentials_invalid").await["message"].clone());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let hashed = "SELECT COUNT(*) FROM accounts \
                  WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(service.env.db.number(hashed).await, 1);
}

/// S25: a token is refused even together with a valid API key.
#[tokio::test]
async fn routes_of_1c_refuse_tokens_and_mobile_routes_refuse_accounts() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let bearer = format!("Bearer {}", service.driver());
    let with_token = Request::get(PATH).header("Authorization", &bearer);
    problem(send(&service, with_token).await, 401, "credentials_invalid").await;
    let key = format!("{NODE}:{PASSWORD}");
    let with_both = Request::get(PATH).header("Authorization", &bearer);
    let with_both = with_both.header("X-API-Key", key.as_bytes());
    problem(send(&service, with_both).await, 401, "credentials_invalid").await;
    let report = service.report().await;
    let mobile = Request::get(format!("/reports/{report}/video"));
    let mobile = mobile.header("Authorization", basic(NODE, PASSWORD));
    problem(send(&service, mobile).await, 401, "token_invalid").await;
}

/// S9
#[tokio::test]
async fn malformed_credentials_get_401() {
    let service = Service::embedded_with(&[("ONEC__FAILURES_PER_MINUTE", "1000")]).await;
    let long = basic(NODE, &"x".repeat(8000));
    let texts: [&[u8]; 9] = [
        b"Basic",
        b"Basic ",
        b"Basic !!!",
        b"Basic b2ZmaWNlLTFj", // no colon
        b"Basic /////w==",     // not UTF-8
        b"Basic AAA6AAA=",     // NUL bytes
        b"Digest username=\"office-1c\"",
        b"\xff\xfe",
        long.as_bytes(),
    ];
    for text in texts {
        let request = Request::get(PATH).header("Authorization", text);
        problem(send(&service, request).await, 401, "credentials_invalid").await;
    }
    let incomplete = [("Login", NODE), ("Password", PASSWORD), ("X-API-Key", NODE)];
    for (name, value) in incomplete {
        let request = Request::get(PATH).header(name, value.as_bytes());
        problem(send(&service, request).await, 401, "credentials_invalid").await;
    }
    problem(send(&service, Request::get(PATH)).await, 401, "credentials_invalid").await;
}

/// S70: the eleventh attempt has to wait. The right password from a new address gets through.
async fn ten_wrong_passwords_a_minute_lock_out_an_account_and_an_address(service: Service) {
    add_node(&service, NODE).await;
    add_node(&service, "other").await;
    for number in 0..10 {
        // Each from its own address, so only the account reaches its limit.
        let response = by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
        problem(response, 401, "credentials_invalid").await;
    }
    // A wrong password looks like one that was not checked, and is the only one of its address.
    for password in ["wrong", PASSWORD] {
        let locked = by_basic_from(&service, "192.0.2.200", password).await;
        assert_eq!(header(&locked, "retry-after"), "61");
        problem(locked, 429, "rate_limited").await;
    }
    assert_eq!(by_basic_from(&service, "192.0.2.201", PASSWORD).await.status(), 200);
    let guess = async |login: &str, password: &str| {
        let request = Request::get(PATH).header("Authorization", basic(login, password));
        service.send(from("198.51.100.1", request.body(Body::empty()).unwrap())).await
    };
    for number in 0..10 {
        let response = guess(&format!("guess-{number}"), "wrong").await;
        problem(response, 401, "credentials_invalid").await;
    }
    problem(guess("other", PASSWORD).await, 429, "rate_limited").await;
    // Loopback is not counted.
    assert_eq!(by_basic(&service, "other", PASSWORD).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_secs(60));
    assert_eq!(guess("other", PASSWORD).await.status(), 200);
}

/// While an account is locked, a stranger with many addresses gets a bounded number of guesses.
#[tokio::test]
async fn guesses_from_new_addresses_are_bounded_while_an_account_is_locked() {
    let service = Service::embedded_with(&[("ONEC__FAILURES_PER_MINUTE", "1")]).await;
    add_node(&service, NODE).await;
    for number in 0..61 {
        by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
    }
    let locked = by_basic_from(&service, "198.51.100.1", PASSWORD).await;
    problem(locked, 429, "rate_limited").await;
}

/// A stranger's failures must not keep out 1C when the service has just been restarted.
#[tokio::test]
async fn known_addresses_survive_a_restart() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let known = "203.0.113.5";
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
    let env = service.crash().await;
    let service = Service::on(env, "one", Options::default()).await;
    for number in 0..10 {
        by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
    }
    by_basic_from(&service, known, "wrong").await;
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
    // Somebody else at the same address mistypes another login.
    for number in 0..10 {
        let wrong = basic(&format!("guess-{number}"), "wrong");
        let request = Request::get(PATH).header("Authorization", wrong);
        service.send(from(known, request.body(Body::empty()).unwrap())).await;
    }
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
}

/// S70: 1C keeps working while somebody guesses its password, without extra attempts for the guesser.
async fn wrong_passwords_from_elsewhere_do_not_lock_out_a_known_address(service: Service) {
    add_node(&service, NODE).await;
    let known = "203.0.113.5";
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
    for number in 0..10 {
        let response = by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
        problem(response, 401, "credentials_invalid").await;
    }
    for password in ["wrong", PASSWORD] {
        let locked = by_basic_from(&service, "192.0.2.200", password).await;
        problem(locked, 429, "rate_limited").await;
    }
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
    for _ in 0..10 {
        let response = by_basic_from(&service, known, "wrong").await;
        problem(response, 401, "credentials_invalid").await;
    }
    // A stranger may share the address, so a bounded number of passwords is checked still.
    assert_eq!(by_basic_from(&service, known, PASSWORD).await.status(), 200);
    for _ in 0..60 {
        let response = by_basic_from(&service, known, "wrong").await;
        problem(response, 429, "rate_limited").await;
    }
    problem(by_basic_from(&service, known, PASSWORD).await, 429, "rate_limited").await;
    // An address is known for two weeks after a sign-in.
    service.manual_clock().advance(SignedDuration::from_hours(14 * 24));
    for number in 0..10 {
        by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
    }
    problem(by_basic_from(&service, known, "wrong").await, 429, "rate_limited").await;
    problem(by_basic_from(&service, known, PASSWORD).await, 429, "rate_limited").await;
}

/// S70
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_wrong_passwords_count_towards_the_limit() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let attempts = (0..60).map(|_| by_basic(&service, NODE, "wrong"));
    let responses = join_all(attempts).await;
    let checked = responses.iter().filter(|response| response.status() == 401).count();
    // One more may be hashed concurrently with the tenth.
    assert!((10..=11).contains(&checked), "{checked}");
    let rest = responses.iter().filter(|response| matches!(response.status().as_u16(), 429 | 503));
    assert_eq!(rest.count(), 60 - checked);
}

/// S70
async fn the_old_password_works_for_a_day_after_a_rotation(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    let new = service.app.state.accounts.new_password();
    service.app.state.accounts.rotate(NODE, &new, OldPassword::KeepDuringGrace).await.unwrap();
    let new = secrecy::ExposeSecret::expose_secret(&new);
    assert_eq!(by_basic(&service, NODE, new).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 401);
    assert_eq!(by_basic(&service, NODE, new).await.status(), 200);
}

/// S70
async fn a_disabled_account_is_refused_immediately(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    service.app.state.accounts.disable(NODE).await.unwrap();
    problem(by_basic(&service, NODE, PASSWORD).await, 401, "credentials_invalid").await;
}

/// S70: from other networks even the right password is refused, and wrong ones lock nobody out.
#[tokio::test]
async fn an_account_can_be_limited_to_networks() {
    let service = Service::embedded().await;
    add_limited_node(&service, NODE, &["10.1.0.0/16", "fd00::/8"]).await;
    for address in ["10.1.2.3", "[fd00::1]", "[::ffff:10.1.9.9]"] {
        let response = by_basic_from(&service, address, PASSWORD).await;
        assert_eq!(response.status(), 200, "{address}");
    }
    let elsewhere = by_basic_from(&service, "192.0.2.1", PASSWORD).await;
    problem(elsewhere, 403, "forbidden").await;
    for number in 0..20 {
        let response = by_basic_from(&service, &format!("198.51.100.{number}"), "wrong").await;
        problem(response, 401, "credentials_invalid").await;
    }
    assert_eq!(by_basic_from(&service, "10.1.2.3", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn invalid_logins_and_passwords_are_refused() {
    let service = Service::embedded().await;
    let add = async |login: &str, password: &str| {
        let owner = AccountOwner::Exchange;
        let new = AccountSpec { login: login.to_owned(), owner, networks: Vec::new() };
        service
            .app
            .state
            .accounts
            .add(new, &password.into())
            .await
            .map_err(|error| error.to_string())
    };
    let good = "long enough to be one";
    for login in ["", "a:b", "a b", "a\nb", &"a".repeat(65)] {
        assert!(add(login, good).await.unwrap_err().contains("a login has"), "{login:?}");
    }
    for password in ["short", &"x".repeat(257), "with\na line end in it"] {
        assert!(add("node", password).await.unwrap_err().contains("a password has"));
    }
    add("узел-1", good).await.unwrap();
    assert!(
        add("узел-1", good)
            .await
            .unwrap_err()
            .contains("an account with this login exists already")
    );
}

/// S53
#[tokio::test]
async fn responses_to_1c_are_json_that_is_not_cached() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let response = by_basic(&service, NODE, PASSWORD).await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(json(response).await["cursor"], 0);
}

//! Accounts with passwords: how 1C comes in (E12), and who does not.

mod command;
mod doors;
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
use crate::harness::service::{Service, header, json, on_both_backends};

/// Any route of 1C does: they all ask in the same way.
const PATH: &str = "/1c/v1/submissions";

on_both_backends!(
    one_comes_in_in_each_way_the_documents_say,
    ten_wrong_passwords_a_minute_lock_an_account_and_an_address,
    strangers_do_not_lock_an_account_out_of_where_it_is_at_home,
    a_rotated_password_is_good_for_a_day_beside_the_new_one,
    a_closed_account_opens_nothing_from_that_moment_on,
);

async fn sent(service: &Service, builder: Builder) -> Response<Body> {
    service.send(builder.body(Body::empty()).unwrap()).await
}

async fn by_basic(service: &Service, login: &str, password: &str) -> Response<Body> {
    sent(service, Request::get(PATH).header("Authorization", basic(login, password))).await
}

async fn by_basic_from(service: &Service, address: &str, password: &str) -> Response<Body> {
    let request = Request::get(PATH).header("Authorization", basic(NODE, password));
    service.send(from(address, request.body(Body::empty()).unwrap())).await
}

/// E12, R12, R13, Q35: Basic, `X-API-Key`, or the literal headers of the document's example.
async fn one_comes_in_in_each_way_the_documents_say(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    let key = format!("{NODE}:{PASSWORD}");
    let by_key = Request::get(PATH).header("X-API-Key", key.as_bytes());
    assert_eq!(sent(&service, by_key).await.status(), 200);
    let by_headers =
        Request::get(PATH).header("Login", NODE).header("Password", PASSWORD.as_bytes());
    assert_eq!(sent(&service, by_headers).await.status(), 200);
    // Without the padding that some clients leave out, and with another case of the scheme.
    let unpadded = basic(NODE, PASSWORD).replace("Basic", "basic").trim_end_matches('=').to_owned();
    let by_unpadded = Request::get(PATH).header("Authorization", unpadded);
    assert_eq!(sent(&service, by_unpadded).await.status(), 200);
}

/// S10, S70: nothing tells whether there is such an account; only hashes are kept.
#[tokio::test]
async fn an_unknown_account_looks_like_a_wrong_password() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let mut answers = Vec::new();
    for login in [NODE, "nobody", "", "admin_1C"] {
        let answer = by_basic(&service, login, "pass_1C").await;
        assert_eq!(header(&answer, "www-authenticate"), "Basic realm=\"1C\", charset=\"UTF-8\"");
        answers.push(problem(answer, 401, "credentials_invalid").await["message"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let hashed = "SELECT COUNT(*) FROM accounts \
                  WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(service.env.db.number(hashed).await, 1);
}

/// S25: tokens open no route of 1C, also beside a good key; accounts open no route of phones.
#[tokio::test]
async fn tokens_and_accounts_are_not_mixed_up() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let bearer = format!("Bearer {}", service.driver());
    let with_token = Request::get(PATH).header("Authorization", &bearer);
    problem(sent(&service, with_token).await, 401, "credentials_invalid").await;
    let key = format!("{NODE}:{PASSWORD}");
    let with_both = Request::get(PATH).header("Authorization", &bearer);
    let with_both = with_both.header("X-API-Key", key.as_bytes());
    problem(sent(&service, with_both).await, 401, "credentials_invalid").await;
    let report = service.report().await;
    let mobile = Request::get(format!("/reports/{report}/video"));
    let mobile = mobile.header("Authorization", basic(NODE, PASSWORD));
    problem(sent(&service, mobile).await, 401, "token_invalid").await;
}

/// S9: whatever stands in the header, it is a 401 and no 500.
#[tokio::test]
async fn headers_that_are_no_credentials_are_answered() {
    let service = Service::embedded_with(&[("ONEC__FAILURES_PER_MINUTE", "1000")]).await;
    let long = basic(NODE, &"x".repeat(8000));
    let texts: [&[u8]; 9] = [
        b"Basic",
        b"Basic ",
        b"Basic !!!",
        b"Basic b2ZmaWNlLTFj", // no colon
        b"Basic /////w==",     // not UTF-8
        b"Basic AAA6AAA=",     // zeros
        b"Digest username=\"office-1c\"",
        b"\xff\xfe",
        long.as_bytes(),
    ];
    for text in texts {
        let request = Request::get(PATH).header("Authorization", text);
        problem(sent(&service, request).await, 401, "credentials_invalid").await;
    }
    let halves = [("Login", NODE), ("Password", PASSWORD), ("X-API-Key", NODE)];
    for (name, value) in halves {
        let request = Request::get(PATH).header(name, value.as_bytes());
        problem(sent(&service, request).await, 401, "credentials_invalid").await;
    }
    problem(sent(&service, Request::get(PATH)).await, 401, "credentials_invalid").await;
}

/// S70: the eleventh try has to wait, also with the right password; others are not kept out.
async fn ten_wrong_passwords_a_minute_lock_an_account_and_an_address(service: Service) {
    add_node(&service, NODE).await;
    add_node(&service, "other").await;
    for number in 0..10 {
        // Each from an address of its own: it is the account that is guessed at.
        let answer = by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
        problem(answer, 401, "credentials_invalid").await;
    }
    let locked = by_basic_from(&service, "192.0.2.200", PASSWORD).await;
    assert_eq!(header(&locked, "retry-after"), "61");
    problem(locked, 429, "rate_limited").await;
    assert_eq!(by_basic(&service, "other", PASSWORD).await.status(), 200);
    for number in 0..10 {
        let answer = by_basic(&service, &format!("guess-{number}"), "wrong").await;
        problem(answer, 401, "credentials_invalid").await;
    }
    problem(by_basic(&service, "other", PASSWORD).await, 429, "rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_secs(60));
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    assert_eq!(by_basic(&service, "other", PASSWORD).await.status(), 200);
}

/// S70: 1C goes on working while somebody guesses its password; and nobody guesses more for that.
async fn strangers_do_not_lock_an_account_out_of_where_it_is_at_home(service: Service) {
    add_node(&service, NODE).await;
    let home = "203.0.113.5";
    assert_eq!(by_basic_from(&service, home, PASSWORD).await.status(), 200);
    for number in 0..10 {
        let answer = by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
        problem(answer, 401, "credentials_invalid").await;
    }
    for password in ["wrong", PASSWORD] {
        let locked = by_basic_from(&service, "192.0.2.200", password).await;
        problem(locked, 429, "rate_limited").await;
    }
    assert_eq!(by_basic_from(&service, home, PASSWORD).await.status(), 200);
    for _ in 0..10 {
        let answer = by_basic_from(&service, home, "wrong").await;
        problem(answer, 401, "credentials_invalid").await;
    }
    problem(by_basic_from(&service, home, PASSWORD).await, 429, "rate_limited").await;
    // At home is who came in within two weeks.
    service.manual_clock().advance(SignedDuration::from_hours(14 * 24));
    for number in 0..10 {
        by_basic_from(&service, &format!("192.0.2.{number}"), "wrong").await;
    }
    problem(by_basic_from(&service, home, PASSWORD).await, 429, "rate_limited").await;
}

/// S70: who guesses many at once gets no more tries than who guesses one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_same_time_do_not_get_past_the_limit_together() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let guesses = (0..60).map(|_| by_basic(&service, NODE, "wrong"));
    let answers = join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status() == 401).count();
    // One more may be hashed beside the tenth.
    assert!((10..=11).contains(&tried), "{tried}");
    let rest = answers.iter().filter(|answer| matches!(answer.status().as_u16(), 429 | 503));
    assert_eq!(rest.count(), 60 - tried);
}

/// S70.
async fn a_rotated_password_is_good_for_a_day_beside_the_new_one(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    let new = service.app.accounts.new_password();
    service.app.accounts.rotate(NODE, &new, OldPassword::KeepDuringGrace).await.unwrap();
    let new = secrecy::ExposeSecret::expose_secret(&new);
    assert_eq!(by_basic(&service, NODE, new).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 401);
    assert_eq!(by_basic(&service, NODE, new).await.status(), 200);
}

/// S70.
async fn a_closed_account_opens_nothing_from_that_moment_on(service: Service) {
    add_node(&service, NODE).await;
    assert_eq!(by_basic(&service, NODE, PASSWORD).await.status(), 200);
    service.app.accounts.disable(NODE).await.unwrap();
    problem(by_basic(&service, NODE, PASSWORD).await, 401, "credentials_invalid").await;
}

/// S70: from elsewhere even the right password is refused, and guessing there locks nobody out.
#[tokio::test]
async fn an_account_may_be_for_some_networks_only() {
    let service = Service::embedded().await;
    add_limited_node(&service, NODE, &["10.1.0.0/16", "fd00::/8"]).await;
    for address in ["10.1.2.3", "[fd00::1]", "[::ffff:10.1.9.9]"] {
        let answer = by_basic_from(&service, address, PASSWORD).await;
        assert_eq!(answer.status(), 200, "{address}");
    }
    let elsewhere = by_basic_from(&service, "192.0.2.1", PASSWORD).await;
    problem(elsewhere, 403, "forbidden").await;
    for number in 0..20 {
        let answer = by_basic_from(&service, &format!("198.51.100.{number}"), "wrong").await;
        problem(answer, 401, "credentials_invalid").await;
    }
    assert_eq!(by_basic_from(&service, "10.1.2.3", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn names_and_passwords_that_cannot_be_are_refused() {
    let service = Service::embedded().await;
    let add = async |login: &str, password: &str| {
        let owner = AccountOwner::Exchange;
        let new = AccountSpec { login: login.to_owned(), owner, networks: Vec::new() };
        service.app.accounts.add(new, &password.into()).await.map_err(|error| error.to_string())
    };
    let good = "long enough to be one";
    for login in ["", "a:b", "a b", "a\nb", &"a".repeat(65)] {
        assert!(add(login, good).await.unwrap_err().contains("a login has"), "{login:?}");
    }
    for password in ["short", &"x".repeat(257), "with\na line end in it"] {
        assert!(add("node", password).await.unwrap_err().contains("a password has"));
    }
    add("узел-1", good).await.unwrap();
    assert!(add("узел-1", good).await.unwrap_err().contains("of this name already"));
}

/// Answers of 1C's routes are JSON and kept by nobody on the way (S53).
#[tokio::test]
async fn answers_are_not_to_be_kept() {
    let service = Service::embedded().await;
    add_node(&service, NODE).await;
    let answer = by_basic(&service, NODE, PASSWORD).await;
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(header(&answer, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert_eq!(json(answer).await["cursor"], 0);
}

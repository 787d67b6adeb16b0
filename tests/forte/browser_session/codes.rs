//! Codes from authenticator apps (TOTP).

use axum::body::Body;
use axum::http::Response;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha1::Sha1;

use super::browser::{LOGIN, add_reviewer, post};
use crate::harness::account::PASSWORD;
use crate::harness::answers::problem;
use crate::harness::service::{Service, on_both_backends};

on_both_backends!(a_code_is_required_and_valid_once,);

/// The code that an app shows now.
fn code(service: &Service, secret: &str) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = service.clock().now().as_second() / 30;
    let mac = Hmac::<Sha1>::new_from_slice(&key).unwrap().chain_update(step.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let at = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[at..at + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

async fn try_code(service: &Service, path: &str, code: &str) -> Response<Body> {
    post(service, path, &json!({"login": LOGIN, "password": PASSWORD, "code": code})).await
}

async fn a_code_is_required_and_valid_once(service: Service) {
    add_reviewer(&service).await;
    let accounts = &service.app.state.accounts;
    let setup = accounts.set_up_totp(LOGIN).await.unwrap();
    let secret = setup.secret.expose_secret();
    for path in ["/review/session", "/review/sign-in"] {
        service.manual_clock().advance(SignedDuration::from_mins(5));
        problem(try_code(&service, path, "").await, 401, "totp_required").await;
        problem(try_code(&service, path, "12345").await, 401, "totp_invalid").await;
        let code = code(&service, secret);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(try_code(&service, path, &spaced).await.status(), 200);
        problem(try_code(&service, path, &code).await, 401, "totp_invalid").await;
    }
    accounts.set_up_totp(LOGIN).await.unwrap();
    service.manual_clock().advance(SignedDuration::from_mins(5));
    let former = code(&service, secret);
    problem(try_code(&service, "/review/session", &former).await, 401, "totp_invalid").await;
    accounts.remove_totp(LOGIN).await.unwrap();
    assert_eq!(try_code(&service, "/review/session", "").await.status(), 200);
}

#[tokio::test]
async fn wrong_codes_are_limited_like_wrong_passwords() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    service.app.state.accounts.set_up_totp(LOGIN).await.unwrap();
    for _ in 0..10 {
        problem(try_code(&service, "/review/session", "12345").await, 401, "totp_invalid").await;
    }
    problem(try_code(&service, "/review/session", "12345").await, 429, "rate_limited").await;
}

#[tokio::test]
async fn every_reviewer_can_be_required_to_have_codes() {
    let service = Service::embedded_with(&[("REVIEW__REQUIRE_TOTP", "true")]).await;
    add_reviewer(&service).await;
    problem(try_code(&service, "/review/session", "").await, 403, "forbidden").await;
}

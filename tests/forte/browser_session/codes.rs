//! Codes from authenticator apps (TOTP).

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::Response;
use data_encoding::BASE32_NOPAD;
use forte_media::auth::{AccountKind, AccountSignInError, Credentials};
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

/// The limit by the minute would let somebody who knows the password guess a code within days.
#[tokio::test]
async fn wrong_codes_are_also_limited_by_the_hour() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    let setup = service.app.state.accounts.set_up_totp(LOGIN).await.unwrap();
    let right = || code(&service, setup.secret.expose_secret());
    for _ in 0..20 {
        service.manual_clock().advance(SignedDuration::from_secs(61));
        problem(try_code(&service, "/review/session", "12345").await, 401, "totp_invalid").await;
    }
    service.manual_clock().advance(SignedDuration::from_secs(61));
    problem(try_code(&service, "/review/session", &right()).await, 429, "rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_hours(1));
    assert_eq!(try_code(&service, "/review/session", &right()).await.status(), 200);
}

/// Somebody else who knows the password cannot keep the owner out.
#[tokio::test]
async fn wrong_codes_from_elsewhere_do_not_lock_a_known_address() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    let accounts = &service.app.state.accounts;
    let setup = accounts.set_up_totp(LOGIN).await.unwrap();
    let right = || code(&service, setup.secret.expose_secret());
    assert_eq!(try_code(&service, "/review/session", &right()).await.status(), 200);
    for number in 0..21_u8 {
        service.manual_clock().advance(SignedDuration::from_secs(61));
        let elsewhere = Credentials {
            login: LOGIN.to_owned(),
            password: PASSWORD.into(),
            code: "12345".to_owned(),
            address: Ipv4Addr::new(203, 0, 113, number).into(),
            is_counted: true,
        };
        let refused = accounts.sign_in(AccountKind::Reviewer, &elsewhere).await.unwrap_err();
        let is_locked = matches!(refused, AccountSignInError::LockedOut { .. });
        assert_eq!(is_locked, number == 20, "{number}: {refused}");
    }
    assert_eq!(try_code(&service, "/review/session", &right()).await.status(), 200);
}

#[tokio::test]
async fn every_reviewer_can_be_required_to_have_codes() {
    let service = Service::embedded_with(&[("REVIEW__REQUIRE_TOTP", "true")]).await;
    add_reviewer(&service).await;
    problem(try_code(&service, "/review/session", "").await, 403, "forbidden").await;
}

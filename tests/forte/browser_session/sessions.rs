//! The beginning and the end of sessions.

use axum::body::Body;
use axum::http::Request;
use forte_media::auth::OldPassword;
use jiff::SignedDuration;
use serde_json::json;

use super::browser::{Browser, LOGIN, add_reviewer, post, sign_in};
use crate::harness::account::PASSWORD;
use crate::harness::answers::problem;
use crate::harness::phone::{Phone, with_token};
use crate::harness::service::{self, Service, header, on_both_backends};

on_both_backends!(
    a_reviewer_signs_in_and_out,
    a_session_ends_after_half_an_hour_without_activity,
    a_session_ends_after_twelve_hours_in_any_case,
    one_session_can_end_another_and_all_others,
    preferences_are_kept_with_the_account,
    a_driver_exchanges_a_code_for_a_cookie_and_the_cookie_for_tokens,
);

const SESSION: &str = "/review/session";

async fn a_reviewer_signs_in_and_out(service: Service) {
    add_reviewer(&service).await;
    problem(Browser::default().get(&service, SESSION).await, 401, "session_missing").await;
    let browser = sign_in(&service).await;
    let current = service::json(browser.get(&service, SESSION).await).await["data"].take();
    assert_eq!((&current["name"], &current["login"]), (&json!("Айгуль С."), &json!(LOGIN)));
    assert_eq!(current["csrf"], browser.csrf);
    let hash = service.env.db.rows("SELECT secret_hash FROM sessions").await.concat();
    let (_, secret) = browser.cookie.split_once('=').unwrap();
    assert!(!hash.is_empty() && !hash.contains(secret));
    // The routes of the API do not accept cookies.
    problem(browser.get(&service, "/devices").await, 401, "token_invalid").await;
    let out = browser.send(&service, "DELETE", SESSION, &json!({})).await;
    assert_eq!(out.status(), 204);
    assert!(header(&out, "set-cookie").contains("Max-Age=0"));
    problem(browser.get(&service, SESSION).await, 401, "session_missing").await;
    let again = browser.send(&service, "DELETE", SESSION, &json!({})).await;
    assert_eq!(again.status(), 204, "signing out is idempotent");
}

async fn a_session_ends_after_half_an_hour_without_activity(service: Service) {
    add_reviewer(&service).await;
    let browser = sign_in(&service).await;
    for _ in 0..3 {
        service.manual_clock().advance(SignedDuration::from_mins(29));
        assert_eq!(browser.get(&service, SESSION).await.status(), 200);
    }
    // Background requests of a page do not count as activity.
    service.manual_clock().advance(SignedDuration::from_mins(29));
    let request = Request::get(SESSION).header("Cookie", &browser.cookie);
    let request = request.header("X-Background", "1").body(Body::empty()).unwrap();
    assert_eq!(service.send(request).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_mins(1));
    let data = problem(browser.get(&service, SESSION).await, 401, "session_expired").await;
    assert_eq!(data["details"]["after_seconds"], 1800);
}

async fn a_session_ends_after_twelve_hours_in_any_case(service: Service) {
    add_reviewer(&service).await;
    let browser = sign_in(&service).await;
    for _ in 0..47 {
        service.manual_clock().advance(SignedDuration::from_mins(15));
        assert_eq!(browser.get(&service, SESSION).await.status(), 200);
    }
    service.manual_clock().advance(SignedDuration::from_mins(15));
    problem(browser.get(&service, SESSION).await, 401, "session_missing").await;
    service.manual_clock().advance(SignedDuration::from_hours(31 * 24));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM sessions").await, 0);
}

async fn one_session_can_end_another_and_all_others(service: Service) {
    use forte_media::model::BrowserKind;

    add_reviewer(&service).await;
    let [one, two, three] =
        [sign_in(&service).await, sign_in(&service).await, sign_in(&service).await];
    let (_, secret) = one.cookie.split_once('=').unwrap();
    let browsers = &service.app.state.browsers;
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let session = browsers.find(BrowserKind::Review, secret, address, true).await.unwrap();
    let others = browsers.list(&session).await.unwrap();
    assert_eq!(others.len(), 3);
    let end = "/review/session/end";
    let (_, secret) = two.cookie.split_once('=').unwrap();
    let second = browsers.find(BrowserKind::Review, secret, address, true).await.unwrap();
    let ended = one.send(&service, "POST", end, &json!({"id": [second.id]})).await;
    assert_eq!((ended.status().as_u16(), header(&ended, "location")), (303, "/review"));
    assert_eq!(two.get(&service, SESSION).await.status(), 401);
    assert_eq!(three.get(&service, SESSION).await.status(), 200);
    one.send(&service, "POST", end, &json!({"others": true})).await;
    assert_eq!(three.get(&service, SESSION).await.status(), 401);
    assert_eq!(one.get(&service, SESSION).await.status(), 200);
    let accounts = &service.app.state.accounts;
    accounts.rotate(LOGIN, &"another long password".into(), OldPassword::Revoke).await.unwrap();
    assert_eq!(one.get(&service, SESSION).await.status(), 401);
}

async fn preferences_are_kept_with_the_account(service: Service) {
    add_reviewer(&service).await;
    let browser = sign_in(&service).await;
    let path = "/review/session/preferences";
    let change = json!({"language": "kk", "single_keys": false, "undo_seconds": 20});
    assert_eq!(browser.send(&service, "POST", path, &change).await.status(), 204);
    let change = json!({"undo_seconds": 60});
    assert_eq!(browser.send(&service, "POST", path, &change).await.status(), 204);
    let current = service::json(sign_in(&service).await.get(&service, SESSION).await).await;
    let current = &current["data"];
    assert_eq!((&current["language"], &current["single_keys"]), (&json!("kk"), &json!(false)));
    assert_eq!(current["undo_seconds"], 60);
    let wrong = browser.send(&service, "POST", path, &json!({"undo_seconds": 11})).await;
    problem(wrong, 422, "validation_failed").await;
}

async fn a_driver_exchanges_a_code_for_a_cookie_and_the_cookie_for_tokens(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    let body = json!({"biin": phone.biin, "uuid": phone.uuid, "code": code});
    let browser = Browser::of(post(&service, "/drive/session", &body).await).await;
    let wrong = post(&service, "/drive/session", &body).await;
    // With a challenge the browser would open its own password dialog.
    assert!(!wrong.headers().contains_key("www-authenticate"));
    problem(wrong, 401, "otp_invalid").await;
    let response = browser.send(&service, "POST", "/drive/token", &json!({})).await;
    let token = service::json(response).await["data"].take();
    assert_eq!(token["expires_in"], 300);
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(service.send(with_token("GET", "/devices", token)).await.status(), 200);
    assert!(service.app.state.auth.authenticate(token).await.unwrap().is_from_page());
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM refresh_tokens").await, 0);
    service.manual_clock().advance(SignedDuration::from_hours(29 * 24));
    assert_eq!(browser.get(&service, "/drive/session").await.status(), 200);
    let out = browser.send(&service, "DELETE", "/drive/session", &json!({})).await;
    assert_eq!(out.status(), 204);
    problem(browser.get(&service, "/drive/session").await, 401, "session_missing").await;
    let empty =
        problem(post(&service, "/drive/session", &json!({})).await, 422, "validation_failed");
    assert_eq!(empty.await["details"].as_object().unwrap().len(), 3);
}

/// The cookie of an account with `--network` cannot be carried to another network.
#[tokio::test]
async fn a_session_is_limited_to_the_networks_of_its_account() {
    use forte_media::auth::{AccountSpec, BrowserError};
    use forte_media::database::AccountOwner;
    use forte_media::model::{BrowserKind, CompanyId};

    let service = Service::embedded().await;
    let networks = vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let owner = AccountOwner::Reviewer { company: CompanyId::LESSOR, name: LOGIN.to_owned() };
    let new = AccountSpec { login: LOGIN.to_owned(), owner, networks };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
    let browser = sign_in(&service).await;
    let (_, secret) = browser.cookie.split_once('=').unwrap();
    let from = async |address: [u8; 4]| {
        let browsers = &service.app.state.browsers;
        browsers.find(BrowserKind::Review, secret, address.into(), true).await
    };
    assert!(from([10, 1, 2, 3]).await.is_ok());
    assert!(matches!(from([203, 0, 113, 7]).await, Err(BrowserError::Network)));
}

#[tokio::test]
async fn reviewers_cannot_sign_in_from_other_networks() {
    let service = Service::embedded_with(&[("REVIEW__ALLOW_NETWORKS", "10.0.0.0/8")]).await;
    add_reviewer(&service).await;
    let body = json!({"login": LOGIN, "password": PASSWORD});
    problem(post(&service, SESSION, &body).await, 403, "forbidden").await;
    problem(post(&service, "/review/sign-in", &body).await, 403, "forbidden").await;
    problem(Browser::default().get(&service, SESSION).await, 403, "forbidden").await;
}

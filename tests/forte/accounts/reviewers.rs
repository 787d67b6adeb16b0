//! Reviewers sign in with login and password.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::auth::{AccountSpec, OldPassword};
use forte_media::database::AccountOwner;
use forte_media::model::CompanyId;
use serde_json::{Value, json};

use crate::harness::account::{NODE, PASSWORD, add_node, basic};
use crate::harness::answers::problem;
use crate::harness::phone;
use crate::harness::service::{self, Service, header, on_both_backends};
use crate::onec_queue::submitted;

on_both_backends!(
    a_reviewer_signs_in_watches_a_video_and_refreshes_tokens,
    a_company_reviewer_sees_only_reports_of_that_company,
    disabling_an_account_ends_its_sessions,
    revoking_a_password_ends_the_sessions_it_opened,
);

const LOGIN: &str = "aigul";

async fn add_reviewer(service: &Service, company: CompanyId) {
    let owner =
        AccountOwner::Reviewer { company, name: "Айгуль Сейткали".to_owned() };
    let new = AccountSpec { login: LOGIN.to_owned(), owner, networks: Vec::new() };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

async fn sign_in(service: &Service, body: &Value) -> Response<Body> {
    let request = Request::post("/review/sign-in").header("Content-Type", "application/json");
    service.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Signs in, which must succeed; the tokens.
async fn open_session(service: &Service) -> Value {
    let response = sign_in(service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "cache-control"), "no-store");
    service::json(response).await["data"].take()
}

/// The status of a request for the video.
async fn video_status(service: &Service, report: impl std::fmt::Display, session: &Value) -> u16 {
    let token = session["access_token"].as_str().unwrap();
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {token}"));
    service.send(request.body(Body::empty()).unwrap()).await.status().as_u16()
}

async fn a_reviewer_signs_in_watches_a_video_and_refreshes_tokens(service: Service) {
    add_reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = open_session(&service).await;
    assert_eq!(session["name"], "Айгуль Сейткали");
    assert_eq!(session["expires_in"], 300);
    assert_eq!(video_status(&service, report, &session).await, 200);
    let refresh = session["refresh_token"].as_str().unwrap();
    let request =
        Request::post("/refresh_token").header("Authorization", format!("Bearer {refresh}"));
    let renewed = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(renewed.status(), 200);
    let renewed = service::json(renewed).await["data"].take();
    assert_eq!(video_status(&service, report, &renewed).await, 200);
}

/// S20, S24: a foreign report gets the same response as a missing one.
async fn a_company_reviewer_sees_only_reports_of_that_company(service: Service) {
    let other = service.env.fixture.foreign_driver().await;
    add_reviewer(&service, other.company).await;
    let report = submitted(&service).await;
    let session = open_session(&service).await;
    assert_eq!(video_status(&service, report, &session).await, 404);
}

/// S17
async fn disabling_an_account_ends_its_sessions(service: Service) {
    add_reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = open_session(&service).await;
    service.app.state.accounts.disable(LOGIN).await.unwrap();
    assert_eq!(video_status(&service, report, &session).await, 401);
    let again = sign_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    problem(again, 401, "credentials_invalid").await;
}

/// S17, S70
async fn revoking_a_password_ends_the_sessions_it_opened(service: Service) {
    add_reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = open_session(&service).await;
    let (accounts, new) = (&service.app.state.accounts, "another long password");
    accounts.rotate(LOGIN, &new.into(), OldPassword::KeepDuringGrace).await.unwrap();
    assert_eq!(video_status(&service, report, &open_session(&service).await).await, 200);
    accounts.rotate(LOGIN, &new.into(), OldPassword::Revoke).await.unwrap();
    assert_eq!(video_status(&service, report, &session).await, 401);
    let refresh = session["refresh_token"].as_str().unwrap();
    problem(phone::refresh(&service, refresh).await, 401, "token_invalid").await;
    let old = sign_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    problem(old, 401, "credentials_invalid").await;
    let new = sign_in(&service, &json!({"login": LOGIN, "password": new})).await;
    assert_eq!(new.status(), 200);
}

/// S70, S25: the same message for a wrong password, an unknown login and an account of 1C.
#[tokio::test]
async fn only_reviewer_accounts_sign_in_as_reviewers() {
    let service = Service::embedded().await;
    add_reviewer(&service, CompanyId::LESSOR).await;
    add_node(&service, NODE).await;
    for (login, password) in [(LOGIN, "wrong"), ("nobody", PASSWORD), (NODE, PASSWORD)] {
        let response = sign_in(&service, &json!({"login": login, "password": password})).await;
        let data = problem(response, 401, "credentials_invalid").await;
        assert_eq!(data["message"], "The login or the password is wrong.");
    }
    let as_node =
        Request::get("/1c/v1/submissions").header("Authorization", basic(LOGIN, PASSWORD));
    let as_node = service.send(as_node.body(Body::empty()).unwrap()).await;
    problem(as_node, 401, "credentials_invalid").await;
}

#[tokio::test]
async fn a_reviewer_is_locked_out_after_ten_wrong_passwords() {
    let service = Service::embedded().await;
    add_reviewer(&service, CompanyId::LESSOR).await;
    for _ in 0..10 {
        let response = sign_in(&service, &json!({"login": LOGIN, "password": "wrong"})).await;
        problem(response, 401, "credentials_invalid").await;
    }
    let locked = sign_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    assert_eq!(header(&locked, "retry-after"), "61");
    problem(locked, 429, "rate_limited").await;
}

#[tokio::test]
async fn missing_and_invalid_fields_are_named() {
    let service = Service::embedded().await;
    let empty = problem(sign_in(&service, &json!({})).await, 422, "validation_failed").await;
    assert_eq!(empty["details"], json!({"login": "is required", "password": "is required"}));
    let wrong = json!({"login": LOGIN, "password": PASSWORD, "uuid": "a b"});
    let wrong = problem(sign_in(&service, &wrong).await, 422, "validation_failed").await;
    assert!(wrong["details"]["uuid"].is_string());
    problem(sign_in(&service, &json!("text")).await, 400, "validation_failed").await;
}

//! Reviewers sign in by login and password (issue 4, point 6).

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
    a_reviewer_signs_in_watches_and_gets_new_tokens,
    a_reviewer_of_a_company_sees_only_that_companys,
    a_closed_account_ends_the_session_too,
    a_password_that_others_know_is_changed_at_once,
);

const LOGIN: &str = "aigul";

async fn reviewer(service: &Service, company: CompanyId) {
    let owner =
        AccountOwner::NewReviewer { company, name: "Айгуль Сейткали".to_owned() };
    let new = AccountSpec { login: LOGIN.to_owned(), owner, networks: Vec::new() };
    service.app.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

async fn signs_in(service: &Service, body: &Value) -> Response<Body> {
    let request = Request::post("/review/sign-in").header("Content-Type", "application/json");
    service.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn in_session(service: &Service) -> Value {
    let answer = signs_in(service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    service::json(answer).await["data"].take()
}

async fn watches(service: &Service, report: impl std::fmt::Display, session: &Value) -> u16 {
    let token = session["access_token"].as_str().unwrap();
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {token}"));
    service.send(request.body(Body::empty()).unwrap()).await.status().as_u16()
}

async fn a_reviewer_signs_in_watches_and_gets_new_tokens(service: Service) {
    reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = in_session(&service).await;
    assert_eq!(session["name"], "Айгуль Сейткали");
    assert_eq!(session["expires_in"], 300);
    assert_eq!(watches(&service, report, &session).await, 200);
    let refresh = session["refresh_token"].as_str().unwrap();
    let request =
        Request::post("/refresh_token").header("Authorization", format!("Bearer {refresh}"));
    let renewed = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(renewed.status(), 200);
    let renewed = service::json(renewed).await["data"].take();
    assert_eq!(watches(&service, report, &renewed).await, 200);
}

/// S20, S24: what is not theirs looks like what is not there.
async fn a_reviewer_of_a_company_sees_only_that_companys(service: Service) {
    let stranger = service.env.fixture.foreign_driver().await;
    reviewer(&service, stranger.company).await;
    let report = submitted(&service).await;
    let session = in_session(&service).await;
    assert_eq!(watches(&service, report, &session).await, 404);
}

/// S17: from the next request on.
async fn a_closed_account_ends_the_session_too(service: Service) {
    reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = in_session(&service).await;
    service.app.accounts.disable(LOGIN).await.unwrap();
    assert_eq!(watches(&service, report, &session).await, 401);
    let again = signs_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    problem(again, 401, "credentials_invalid").await;
}

/// S17, S70: neither the old password nor what it had opened is good any more.
async fn a_password_that_others_know_is_changed_at_once(service: Service) {
    reviewer(&service, CompanyId::LESSOR).await;
    let report = submitted(&service).await;
    let session = in_session(&service).await;
    let (accounts, new) = (&service.app.accounts, "another long password");
    accounts.rotate(LOGIN, &new.into(), OldPassword::KeepDuringGrace).await.unwrap();
    assert_eq!(watches(&service, report, &in_session(&service).await).await, 200);
    accounts.rotate(LOGIN, &new.into(), OldPassword::Revoke).await.unwrap();
    assert_eq!(watches(&service, report, &session).await, 401);
    let refresh = session["refresh_token"].as_str().unwrap();
    problem(phone::refresh(&service, refresh).await, 401, "token_invalid").await;
    let old = signs_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    problem(old, 401, "credentials_invalid").await;
    let new = signs_in(&service, &json!({"login": LOGIN, "password": new})).await;
    assert_eq!(new.status(), 200);
}

/// S70, S25: wrong is wrong, whoever it is; a node of 1C is no reviewer, nor the other way round.
#[tokio::test]
async fn who_is_no_reviewer_does_not_come_in() {
    let service = Service::embedded().await;
    reviewer(&service, CompanyId::LESSOR).await;
    add_node(&service, NODE).await;
    for (login, password) in [(LOGIN, "wrong"), ("nobody", PASSWORD), (NODE, PASSWORD)] {
        let answer = signs_in(&service, &json!({"login": login, "password": password})).await;
        let data = problem(answer, 401, "credentials_invalid").await;
        assert_eq!(data["message"], "login or password is wrong");
    }
    let as_node =
        Request::get("/1c/v1/submissions").header("Authorization", basic(LOGIN, PASSWORD));
    let as_node = service.send(as_node.body(Body::empty()).unwrap()).await;
    problem(as_node, 401, "credentials_invalid").await;
}

#[tokio::test]
async fn after_ten_wrong_passwords_a_reviewer_has_to_wait() {
    let service = Service::embedded().await;
    reviewer(&service, CompanyId::LESSOR).await;
    for _ in 0..10 {
        let answer = signs_in(&service, &json!({"login": LOGIN, "password": "wrong"})).await;
        problem(answer, 401, "credentials_invalid").await;
    }
    let locked = signs_in(&service, &json!({"login": LOGIN, "password": PASSWORD})).await;
    assert_eq!(header(&locked, "retry-after"), "61");
    problem(locked, 429, "rate_limited").await;
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let service = Service::embedded().await;
    let empty = problem(signs_in(&service, &json!({})).await, 422, "validation_failed").await;
    assert_eq!(empty["details"], json!({"login": "is required", "password": "is required"}));
    let wrong = json!({"login": LOGIN, "password": PASSWORD, "uuid": "a b"});
    let wrong = problem(signs_in(&service, &wrong).await, 422, "validation_failed").await;
    assert!(wrong["details"]["uuid"].is_string());
    problem(signs_in(&service, &json!("text")).await, 400, "validation_failed").await;
}

//! The list of devices, and sign-out.

use axum::body::Body;
use axum::http::Response;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, TokenPair, refresh, with_token};
use crate::harness::service::{Service, json, on_both_backends};

on_both_backends! {
    signing_out_ends_the_session_immediately,
    the_list_has_the_devices_of_the_caller,
    a_device_signs_out_another_one_which_is_notified,
    signing_in_again_on_a_device_ends_the_older_session,
    a_device_with_a_new_owner_gets_no_notifications_of_the_former_one,
}

async fn call(service: &Service, method: &str, path: &str, tokens: &TokenPair) -> Response<Body> {
    service.send(with_token(method, path, &tokens.access)).await
}

async fn devices(service: &Service, tokens: &TokenPair) -> Vec<Value> {
    let body = json(call(service, "GET", "/devices", tokens).await).await;
    body["data"]["devices"].as_array().unwrap().clone()
}

async fn signing_out_ends_the_session_immediately(service: Service) {
    let tokens = Phone::driver().sign_in(&service).await;
    let other = Phone::driver().with_uuid("another").sign_in(&service).await;
    let response = call(&service, "POST", "/logout", &tokens).await;
    assert_eq!(response.status(), 200);
    let data = json!({"message": "Successfully signed out.", "code": 200});
    assert_eq!(json(response).await, json!({"status": "ok", "data": data}));
    problem(call(&service, "POST", "/logout", &tokens).await, 401, "token_invalid").await;
    problem(refresh(&service, &tokens.refresh).await, 401, "token_invalid").await;
    assert_eq!(devices(&service, &other).await.len(), 1);
    // The device that signs itself out gets no notification.
    let pushes = "SELECT COUNT(*) FROM outbox WHERE channel = 'push'";
    assert_eq!(service.env.db.number(pushes).await, 0);
}

async fn the_list_has_the_devices_of_the_caller(service: Service) {
    let now = service.env.fixture.now().to_string();
    let one = Phone::driver().sign_in(&service).await;
    Phone::director().sign_in(&service).await;
    service.manual_clock().advance(SignedDuration::from_mins(1));
    let without_push = Phone { fcm: String::new(), ..Phone::driver().with_uuid("without-push") };
    without_push.sign_in(&service).await;
    let list = devices(&service, &one).await;
    assert_eq!(list.len(), 2);
    assert_eq!((&list[0]["uuid"], &list[0]["current"]), (&json!("without-push"), &json!(false)));
    assert_eq!(list[0]["push"], false);
    assert_eq!(
        (&list[1]["uuid"], &list[1]["current"]),
        (&json!(Phone::driver().uuid), &json!(true))
    );
    assert_eq!((&list[1]["push"], &list[1]["signed_in_at"]), (&json!(true), &json!(now)));
    let text = json!(list).to_string();
    assert!(!text.contains("fcm"), "{text}");
}

async fn a_device_signs_out_another_one_which_is_notified(service: Service) {
    let lost = Phone::driver().sign_in(&service).await;
    service.manual_clock().advance(SignedDuration::from_secs(1));
    let kept = Phone::driver().with_uuid("kept").sign_in(&service).await;
    let director = Phone::director().sign_in(&service).await;
    let id = devices(&service, &kept).await[1]["id"].as_str().unwrap().to_owned();
    let path = format!("/devices/{id}");
    // S20: sessions of others are not found, not even by the director.
    for path in [
        path.as_str(),
        "/devices/0",
        "/devices/%FF",
        "/devices/8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5",
    ] {
        problem(call(&service, "DELETE", path, &director).await, 404, "not_found").await;
    }
    assert_eq!(call(&service, "DELETE", &path, &kept).await.status(), 200);
    problem(call(&service, "DELETE", &path, &kept).await, 404, "not_found").await;
    problem(call(&service, "GET", "/devices", &lost).await, 401, "token_invalid").await;
    problem(refresh(&service, &lost.refresh).await, 401, "token_invalid").await;
    let events = service.database().events(None, 100).await.unwrap();
    let pushes: Vec<_> =
        events.iter().filter(|event| event.kind == "push.session_revoked").collect();
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].subject, format!("session:{id}"));
    // Deleting the own session signs out.
    let own = devices(&service, &kept).await[0]["id"].as_str().unwrap().to_owned();
    let response = call(&service, "DELETE", &format!("/devices/{own}"), &kept).await;
    assert_eq!(response.status(), 200);
    problem(call(&service, "GET", "/devices", &kept).await, 401, "token_invalid").await;
}

async fn signing_in_again_on_a_device_ends_the_older_session(service: Service) {
    let old = Phone::driver().sign_in(&service).await;
    let new = Phone::driver().sign_in(&service).await;
    problem(call(&service, "GET", "/devices", &old).await, 401, "token_invalid").await;
    problem(refresh(&service, &old.refresh).await, 401, "token_invalid").await;
    assert_eq!(devices(&service, &new).await.len(), 1);
}

async fn a_device_with_a_new_owner_gets_no_notifications_of_the_former_one(service: Service) {
    Phone::driver().sign_in(&service).await;
    let other = Phone { mobile: "+77010000001".to_owned(), ..Phone::driver() };
    let new = other.sign_in(&service).await;
    let with_push = "SELECT COUNT(*) FROM sessions WHERE fcm <> ''";
    assert_eq!(service.env.db.number(with_push).await, 1);
    assert_eq!(devices(&service, &new).await[0]["push"], true);
}

#[tokio::test]
async fn an_expired_session_is_not_listed() {
    let service = Service::embedded().await;
    Phone::driver().sign_in(&service).await;
    service.manual_clock().advance(SignedDuration::from_hours(30 * 24));
    let new = Phone::driver().with_uuid("another").sign_in(&service).await;
    assert_eq!(devices(&service, &new).await.len(), 1);
}

#[tokio::test]
async fn invalid_tokens_are_refused() {
    let service = Service::embedded().await;
    for (method, path) in [("POST", "/logout"), ("GET", "/devices"), ("DELETE", "/devices/1")] {
        let response = service.send(with_token(method, path, "x")).await;
        problem(response, 401, "token_invalid").await;
    }
}

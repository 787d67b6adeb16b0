//! Refreshing tokens (E3, S16).

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::database::EventRow;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::answers::problem;
use crate::harness::form::{BOUNDARY, Form};
use crate::harness::phone::{Phone, TokenPair, refresh, token_pair, with_token};
use crate::harness::service::{Service, header, on_both_backends};

on_both_backends! {
    a_refresh_token_gets_a_new_pair,
    a_repeated_refresh_within_ten_minutes_gets_the_same_pair,
    an_old_token_whose_successor_was_used_ends_the_session,
    a_refresh_token_reused_after_ten_minutes_ends_the_session,
    concurrent_refreshes_get_the_same_pair,
    a_refresh_token_is_valid_for_thirty_days,
    a_dismissed_driver_and_a_blocked_company_get_no_tokens,
    a_purged_refresh_token_still_ends_the_session_when_reused,
    a_push_token_in_a_refresh_is_removed_from_other_sessions,
}

async fn is_accepted(service: &Service, access: &str) -> bool {
    service.send(with_token("GET", "/devices", access)).await.status() == 200
}

/// The push messages.
async fn pushes(service: &Service) -> Vec<EventRow> {
    let mut events = service.database().events(None, 1000).await.unwrap();
    events.retain(|event| event.kind.starts_with("push."));
    events
}

/// Q19, Q20
async fn a_refresh_token_gets_a_new_pair(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    service.manual_clock().advance(SignedDuration::from_secs(1));
    let response = refresh(&service, &first.refresh).await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    let second = token_pair(response).await;
    assert_ne!(first.access, second.access);
    assert_ne!(first.refresh, second.refresh);
    assert!(is_accepted(&service, &second.access).await);
    let third = token_pair(refresh(&service, &second.refresh).await).await;
    assert_ne!(second.refresh, third.refresh);
    // The first one gets no successor any more.
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM refresh_tokens").await, 2);
}

/// S16
async fn a_repeated_refresh_within_ten_minutes_gets_the_same_pair(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    let second = token_pair(refresh(&service, &first.refresh).await).await;
    for seconds in [0, 60, 540] {
        service.manual_clock().advance(SignedDuration::from_secs(seconds));
        assert_eq!(token_pair(refresh(&service, &first.refresh).await).await, second);
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM refresh_tokens").await, 2);
    let third = token_pair(refresh(&service, &second.refresh).await).await;
    assert!(is_accepted(&service, &third.access).await);
}

/// S16: a thief and the phone cannot both go on.
async fn an_old_token_whose_successor_was_used_ends_the_session(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    let second = token_pair(refresh(&service, &first.refresh).await).await;
    let third = token_pair(refresh(&service, &second.refresh).await).await;
    problem(refresh(&service, &first.refresh).await, 401, "token_reused").await;
    problem(refresh(&service, &third.refresh).await, 401, "token_invalid").await;
}

/// S16: all tokens of the session are revoked, and the device is notified.
async fn a_refresh_token_reused_after_ten_minutes_ends_the_session(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    let other = Phone::driver().with_uuid("another").sign_in(&service).await;
    let second = token_pair(refresh(&service, &first.refresh).await).await;
    service.manual_clock().advance(SignedDuration::new(600, 1_000));
    problem(refresh(&service, &first.refresh).await, 401, "token_reused").await;
    problem(refresh(&service, &second.refresh).await, 401, "token_invalid").await;
    problem(refresh(&service, &first.refresh).await, 401, "token_invalid").await;
    assert!(!is_accepted(&service, &second.access).await);
    // Other sessions are unaffected.
    let other = token_pair(refresh(&service, &other.refresh).await).await;
    assert!(is_accepted(&service, &other.access).await);
    let sent = pushes(&service).await;
    let [push] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(push.kind, "push.session_revoked");
    let body: serde_json::Value = serde_json::from_str(&push.body).unwrap();
    assert_eq!(body["reason"], "token_reused");
    assert_eq!(push.subject, format!("session:{}", body["session_id"].as_str().unwrap()));
}

async fn concurrent_refreshes_get_the_same_pair(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    let responses = join_all((0..8).map(|_| refresh(&service, &first.refresh))).await;
    let pairs = join_all(responses.into_iter().map(token_pair)).await;
    assert!(pairs.iter().all(|one| *one == pairs[0]));
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM refresh_tokens").await, 2);
}

/// R3, Q19, S14: with 30 seconds of tolerance for clock differences.
async fn a_refresh_token_is_valid_for_thirty_days(service: Service) {
    let days = SignedDuration::from_hours(30 * 24);
    let mut tokens = Phone::driver().sign_in(&service).await;
    for _ in 0..2 {
        service.manual_clock().advance(days - SignedDuration::from_secs(1));
        tokens = token_pair(refresh(&service, &tokens.refresh).await).await;
    }
    service.manual_clock().advance(days + SignedDuration::from_secs(29));
    let same = tokens.clone();
    tokens = token_pair(refresh(&service, &tokens.refresh).await).await;
    assert_eq!(token_pair(refresh(&service, &same.refresh).await).await, tokens);
    service.manual_clock().advance(days + SignedDuration::from_secs(30));
    problem(refresh(&service, &tokens.refresh).await, 401, "token_expired").await;
}

/// S17
async fn a_dismissed_driver_and_a_blocked_company_get_no_tokens(service: Service) {
    let tokens = Phone::driver().sign_in(&service).await;
    let refused = async || {
        problem(refresh(&service, &tokens.refresh).await, 401, "token_invalid").await;
        assert!(!is_accepted(&service, &tokens.access).await);
    };
    let db = &service.env.db;
    db.execute("UPDATE people SET active = 0 WHERE role = 'employee'").await;
    refused().await;
    db.execute("UPDATE people SET active = 1").await;
    db.execute("UPDATE companies SET active = 0 WHERE id = 20").await;
    refused().await;
    db.execute("UPDATE companies SET active = 1").await;
    assert!(is_accepted(&service, &tokens.access).await);
    assert_eq!(refresh(&service, &tokens.refresh).await.status(), 200);
}

async fn a_purged_refresh_token_still_ends_the_session_when_reused(service: Service) {
    let first = Phone::driver().sign_in(&service).await;
    let second = token_pair(refresh(&service, &first.refresh).await).await;
    service.manual_clock().advance(SignedDuration::from_hours(49));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM refresh_tokens").await, 1);
    problem(refresh(&service, &first.refresh).await, 401, "token_reused").await;
    problem(refresh(&service, &second.refresh).await, 401, "token_invalid").await;
}

async fn send(service: &Service, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let request = Request::post("/refresh_token").header("Content-Type", kind);
    service.send(request.body(body.into()).unwrap()).await
}

/// Q20
#[tokio::test]
async fn the_token_can_be_in_the_body() {
    let service = Service::embedded().await;
    let mut tokens = Phone::driver().sign_in(&service).await;
    let json = |tokens: &TokenPair| json!({"refresh_token": tokens.refresh}).to_string();
    tokens = token_pair(send(&service, "application/json", json(&tokens)).await).await;
    let pairs = format!("REFRESH_TOKEN={}", tokens.refresh);
    tokens = token_pair(send(&service, "application/x-www-form-urlencoded", pairs).await).await;
    let form = Form::new().text("refresh_token", &tokens.refresh).done();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    tokens = token_pair(send(&service, &kind, form).await).await;
    // The header takes precedence, and a body without a token is ignored.
    for body in ["{}", "null", "\"\"", "", r#"{"refresh_token": "other"}"#] {
        let request = Request::post("/refresh_token")
            .header("Authorization", format!("bearer {}", tokens.refresh))
            .header("Content-Type", "application/json");
        tokens = token_pair(service.send(request.body(body.into()).unwrap()).await).await;
    }
    problem(send(&service, "application/json", "{").await, 400, "validation_failed").await;
    problem(send(&service, "application/json", "{}").await, 401, "token_invalid").await;
}

/// Q20
#[tokio::test]
async fn tokens_are_refreshed_only_by_post() {
    let service = Service::embedded().await;
    let tokens = Phone::driver().sign_in(&service).await;
    let response = service.send(with_token("GET", "/refresh_token", &tokens.refresh)).await;
    assert_eq!(header(&response, "allow"), "POST");
    problem(response, 405, "method_not_allowed").await;
}

/// A token's device is its own claim.
#[tokio::test]
async fn a_refresh_that_names_another_device_is_refused_and_changes_nothing() {
    let service = Service::embedded().await;
    let first = Phone::driver().sign_in(&service).await;
    let body = |uuid: &str| json!({"refresh_token": first.refresh, "uuid": uuid}).to_string();
    let same = Phone::driver().uuid;
    let second = token_pair(send(&service, "application/json", body(&same)).await).await;
    assert_eq!(token_pair(send(&service, "application/json", body(&same)).await).await, second);
    problem(send(&service, "application/json", body("thief")).await, 401, "token_invalid").await;
    let unused = json!({"refresh_token": second.refresh, "uuid": "thief"}).to_string();
    problem(send(&service, "application/json", unused).await, 401, "token_invalid").await;
    // A request that names no device is accepted.
    token_pair(refresh(&service, &second.refresh).await).await;
}

#[tokio::test]
async fn a_refresh_can_change_the_push_token() {
    let service = Service::embedded().await;
    let tokens = Phone::driver().sign_in(&service).await;
    let has_token = async |fcm: &'static str| {
        let sql = match fcm {
            "" => "SELECT COUNT(*) FROM sessions WHERE fcm = ''",
            "new" => "SELECT COUNT(*) FROM sessions WHERE fcm = 'new'",
            _ => "SELECT COUNT(*) FROM sessions WHERE fcm = 'fcm-of-the-driver'",
        };
        service.env.db.number(sql).await == 1
    };
    assert!(has_token("fcm-of-the-driver").await);
    let body = |tokens: &TokenPair, fcm: &str| {
        json!({"refresh_token": tokens.refresh, "FCM": fcm}).to_string()
    };
    let tokens = token_pair(send(&service, "application/json", body(&tokens, "new")).await).await;
    assert!(has_token("new").await);
    let tokens = token_pair(refresh(&service, &tokens.refresh).await).await;
    assert!(has_token("new").await);
    let invalid = send(&service, "application/json", body(&tokens, "a b")).await;
    problem(invalid, 422, "validation_failed").await;
    token_pair(send(&service, "application/json", body(&tokens, "")).await).await;
    assert!(has_token("").await);
}

/// A device with a new owner must not get notifications of the former one.
async fn a_push_token_in_a_refresh_is_removed_from_other_sessions(service: Service) {
    Phone::director().sign_in(&service).await;
    let tokens = Phone::driver().sign_in(&service).await;
    let fcm = Phone::director().fcm;
    let body = json!({"refresh_token": tokens.refresh, "FCM": fcm}).to_string();
    token_pair(send(&service, "application/json", body).await).await;
    let db = &service.env.db;
    let tokens_by_role = "SELECT p.role, s.fcm FROM sessions s JOIN people p ON p.id = s.person_id \
                ORDER BY p.role";
    assert_eq!(db.rows(tokens_by_role).await, ["admin|".to_owned(), format!("employee|{fcm}")]);
}

/// Q19: off by default.
#[tokio::test]
async fn the_length_of_a_session_can_be_limited() {
    let service = Service::embedded_with(&[("AUTH__REFRESH_AT_MOST", "48h")]).await;
    let mut tokens = Phone::driver().sign_in(&service).await;
    for _ in 0..2 {
        service.manual_clock().advance(SignedDuration::from_hours(23));
        tokens = token_pair(refresh(&service, &tokens.refresh).await).await;
    }
    service.manual_clock().advance(SignedDuration::from_hours(2));
    problem(refresh(&service, &tokens.refresh).await, 401, "token_expired").await;
}

#[tokio::test]
async fn a_clock_set_back_does_not_look_like_reuse() {
    let service = Service::embedded().await;
    let first = Phone::driver().sign_in(&service).await;
    let second = token_pair(refresh(&service, &first.refresh).await).await;
    service.manual_clock().advance(SignedDuration::from_secs(-20));
    assert_eq!(token_pair(refresh(&service, &first.refresh).await).await, second);
}

/// S16: a use in the future by more than the grace counts as reuse.
#[tokio::test]
async fn a_clock_far_behind_gets_no_grace() {
    let service = Service::embedded().await;
    let first = Phone::driver().sign_in(&service).await;
    service.manual_clock().advance(SignedDuration::from_mins(20));
    token_pair(refresh(&service, &first.refresh).await).await;
    service.manual_clock().advance(SignedDuration::from_mins(-15));
    problem(refresh(&service, &first.refresh).await, 401, "token_reused").await;
}

#[tokio::test]
async fn invalid_and_missing_refresh_tokens_are_refused() {
    let service = Service::embedded().await;
    for token in ["", "x", "a.b.c"] {
        problem(refresh(&service, token).await, 401, "token_invalid").await;
    }
    let request = Request::post("/refresh_token").body(Body::empty()).unwrap();
    problem(service.send(request).await, 401, "token_invalid").await;
}

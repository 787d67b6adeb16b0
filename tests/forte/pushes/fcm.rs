//! The meaning of FCM's responses.

use std::net::Ipv4Addr;
use std::time::Duration;

use forte_media::database::EventState;
use forte_media::model::{Clock, error_chain};
use forte_media::notify::{Config, Fcm};
use jiff::SignedDuration;
use serde_json::json;

use super::scene::{Scene, with_fcm_on_both_backends};
use crate::harness::fcm::{FcmServer, Reply, TokenReply};
use crate::harness::service::{Backend, Service};

with_fcm_on_both_backends! {
    notifies_the_sender_of_a_decision,
    removes_the_token_of_an_unregistered_device,
    honours_retry_after,
    an_exhausted_quota_of_the_project_pauses_all_notifications,
    a_quota_of_one_device_delays_only_that_device,
    a_failure_of_apple_delays_only_that_device_and_keeps_the_access_token,
    a_wrong_fcm_url_removes_no_token,
    a_pause_lasts_at_most_an_hour,
    replaces_a_refused_access_token,
    fetches_one_access_token_for_many_notifications,
}

async fn notifies_the_sender_of_a_decision(scene: Scene) {
    scene.driver_signed_in().await;
    let reason = "Не видно номера. ".repeat(110).trim().to_owned();
    let report = scene.rejected(&reason).await;
    scene.deliver().await;
    let messages = scene.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["token"], "canary-device");
    assert_eq!(messages[0]["notification"]["title"], "Видео не принято");
    let text = messages[0]["notification"]["body"].as_str().unwrap();
    assert!(text.starts_with("Снимите ещё раз: 123ABC02, отчёт № 0001. Причина: Не видно номера."));
    let data = &messages[0]["data"];
    assert_eq!(data["type"], "report_rejected");
    assert_eq!(data["report_ref_key"], report.to_string());
    assert!(data["reason"].as_str().unwrap().ends_with('…'), "the limit is 4,096 bytes");
    let row = scene.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Delivered, 200));
    assert!(!row.body.contains("canary-device"), "the outbox contains no device token");
}

async fn removes_the_token_of_an_unregistered_device(scene: Scene) {
    let unregistered = [
        Reply::Error(404, "NOT_FOUND", "UNREGISTERED"),
        Reply::Error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        Reply::InvalidToken,
    ];
    for reply in unregistered {
        scene.driver_signed_in().await;
        scene.rejected("Темно").await;
        scene.fcm.script([reply]);
        scene.deliver().await;
        let row = scene.newest().await;
        assert_eq!((row.state, row.attempts), (EventState::Dropped, 1));
        let registered = "SELECT COUNT(*) FROM sessions WHERE fcm <> ''";
        assert_eq!(scene.service.env.db.number(registered).await, 0);
    }
    // Another device of the person receives the next one.
    scene.signed_in(scene.service.env.fixture.driver.id, "another-device").await;
    scene.rejected("Темно").await;
    scene.deliver().await;
    assert_eq!(scene.messages().last().unwrap()["token"], "another-device");
}

async fn honours_retry_after(scene: Scene) {
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.fcm.script([Reply::RetryAfter(503, "UNAVAILABLE", "UNAVAILABLE", "120")]);
    scene.deliver().await;
    let row = scene.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 503));
    assert_eq!(row.due_at, scene.service.clock().now() + SignedDuration::from_secs(120));
    scene.service.manual_clock().advance(SignedDuration::from_secs(119));
    assert_eq!(scene.deliver().await, 0);
    scene.service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(scene.deliver().await, 1);
    assert_eq!(scene.newest().await.state, EventState::Delivered);
}

async fn an_exhausted_quota_of_the_project_pauses_all_notifications(scene: Scene) {
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.fcm.script([Reply::ProjectQuota("")]);
    scene.deliver().await;
    let due = scene.newest().await.due_at;
    assert_eq!(due, scene.service.clock().now() + SignedDuration::from_mins(1));
    scene.signed_in(scene.service.env.fixture.driver.id, "another-device").await;
    scene.rejected("Мокро").await;
    scene.deliver().await;
    assert_eq!(scene.messages().len(), 1, "nothing is sent during the pause");
    scene.service.manual_clock().advance(SignedDuration::from_secs(70));
    scene.deliver().await;
    assert_eq!(
        scene.tokens(),
        ["another-device", "canary-device", "canary-device", "canary-device"]
    );
}

/// Two phones of one driver; FCM refuses the first message that it gets.
async fn assert_only_one_device_waits(scene: &Scene, reply: Reply) {
    let driver = scene.service.env.fixture.driver.id;
    scene.signed_in(driver, "one-device").await;
    scene.signed_in(driver, "another-device").await;
    scene.fcm.script([reply]);
    scene.rejected("Темно").await;
    scene.deliver().await;
    let states = "SELECT state FROM outbox WHERE channel = 'push' ORDER BY state";
    assert_eq!(scene.service.env.db.rows(states).await, ["delivered", "pending"]);
    assert_eq!(scene.messages().len(), 2);
    let registered = "SELECT COUNT(*) FROM sessions WHERE fcm <> ''";
    assert_eq!(scene.service.env.db.number(registered).await, 2);
}

async fn a_quota_of_one_device_delays_only_that_device(scene: Scene) {
    let reply = Reply::Error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED");
    assert_only_one_device_waits(&scene, reply).await;
}

async fn a_failure_of_apple_delays_only_that_device_and_keeps_the_access_token(scene: Scene) {
    let reply = Reply::Error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR");
    assert_only_one_device_waits(&scene, reply).await;
    assert_eq!(scene.fcm.grants(), 1);
    let errors = "SELECT last_error FROM outbox WHERE state = 'pending' AND channel = 'push'";
    let errors = scene.service.env.db.rows(errors).await;
    assert!(errors[0].contains("THIRD_PARTY_AUTH_ERROR A message of Google."), "{errors:?}");
}

/// A 404 without FCM's own code concerns the project, not a device.
async fn a_wrong_fcm_url_removes_no_token(scene: Scene) {
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.fcm.script([Reply::Error(404, "NOT_FOUND", "")]);
    scene.deliver().await;
    let row = scene.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 404));
    scene.service.manual_clock().set(row.due_at);
    scene.deliver().await;
    assert_eq!(scene.newest().await.state, EventState::Delivered);
    assert_eq!(scene.tokens(), ["canary-device", "canary-device"]);
}

async fn a_pause_lasts_at_most_an_hour(scene: Scene) {
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.fcm.script([Reply::ProjectQuota("86400000")]);
    scene.deliver().await;
    scene.service.manual_clock().advance(SignedDuration::from_mins(59));
    assert_eq!(scene.deliver().await, 0);
    scene.service.manual_clock().advance(SignedDuration::from_mins(1));
    scene.deliver().await;
    assert_eq!(scene.newest().await.state, EventState::Delivered);
}

async fn replaces_a_refused_access_token(scene: Scene) {
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.deliver().await;
    scene.fcm.revoke_tokens();
    scene.rejected("Мокро").await;
    scene.deliver().await;
    assert_eq!((scene.fcm.grants(), scene.messages().len()), (2, 2));

    // The token is replaced before it expires; while that fails, the message waits.
    scene.service.manual_clock().advance(SignedDuration::from_mins(58));
    scene.fcm.tokens_fail([503]);
    scene.rejected("Грязно").await;
    scene.deliver().await;
    let row = scene.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 503));
    assert!(row.last_error.contains("no access token"), "{}", row.last_error);
    scene.service.manual_clock().set(row.due_at);
    scene.deliver().await;
    assert_eq!((scene.fcm.grants(), scene.messages().len()), (3, 3));
}

async fn fetches_one_access_token_for_many_notifications(scene: Scene) {
    for number in 0..16 {
        let device = format!("device-{number}");
        scene.signed_in(scene.service.env.fixture.driver.id, &device).await;
    }
    scene.rejected("Темно").await;
    scene.deliver().await;
    assert_eq!((scene.fcm.grants(), scene.messages().len()), (1, 16));
}

/// RFC 6749 lets `expires_in` be left out, and proxies write it as text.
#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_with_an_odd_expires_in_is_used() {
    for expires_in in [json!("3599"), json!(null), json!(3599.5), json!("soon"), json!(-1)] {
        let scene = Scene::new(Backend::Embedded).await.unwrap();
        scene.driver_signed_in().await;
        scene.fcm.tokens_reply([TokenReply::ExpiresIn(expires_in.clone())]);
        scene.rejected("Темно").await;
        scene.deliver().await;
        assert_eq!(scene.newest().await.state, EventState::Delivered, "{expires_in}");
    }
}

/// The clock of this machine is wrong: only Google says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_reads_the_words_of_google() {
    let scene = Scene::new(Backend::Embedded).await.unwrap();
    scene.driver_signed_in().await;
    let words = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
                 timeframe. Check your iat and exp values in the JWT claim.";
    let body = json!({ "error": "invalid_grant", "error_description": words });
    scene.fcm.tokens_reply([TokenReply::Says(400, body)]);
    scene.rejected("Темно").await;
    scene.deliver().await;
    let row = scene.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 400));
    assert!(row.last_error.contains(words), "{}", row.last_error);
}

/// Attempts that wait for the same access token share its failure, so that none outlives its lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_hangs_is_awaited_once_for_all_devices() {
    let scene = Scene::with_settings(Backend::Embedded, &[("NOTIFY__FCM__TIMEOUT", "1s")]).await;
    let scene = scene.unwrap();
    for number in 0..8 {
        scene.signed_in(scene.service.env.fixture.driver.id, &format!("device-{number}")).await;
    }
    scene.fcm.tokens_reply((0..8).map(|_| TokenReply::Hangs(Duration::from_mins(1))));
    scene.rejected("Темно").await;
    scene.deliver().await;
    assert_eq!(scene.fcm.token_requests(), 1);
    let pending = "SELECT COUNT(*) FROM outbox WHERE channel = 'push' AND state = 'pending'";
    assert_eq!(scene.service.env.db.number(pending).await, 8);
}

fn config(server: &FcmServer, endpoint: &str, allow: &[&str]) -> Config {
    let config = json!({
        "allow_networks": allow,
        "webhook": { "timeout": "1s", "max_answer": 1 },
        "fcm": {
            "service_account_file": server.account(), "endpoint": endpoint, "timeout": "1s",
        },
    });
    serde_json::from_value(config).unwrap()
}

#[tokio::test]
async fn a_service_account_file_may_begin_with_a_byte_order_mark() {
    let (clock, _) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let server = FcmServer::start(&clock).await;
    let config = config(&server, &server.endpoint(), &["127.0.0.1"]);
    let marked = format!("\u{feff}{}", std::fs::read_to_string(server.account()).unwrap());
    std::fs::write(server.account(), &marked).unwrap();
    let fcm = Fcm::from_config(&config, clock.clone()).unwrap().unwrap();
    fcm.check_connection().await.unwrap();
    assert_eq!((server.grants(), server.violations()), (1, vec![]));
    let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(server.account(), utf_16).unwrap();
    let Err(refused) = Fcm::from_config(&config, clock) else { panic!("UTF-16 is accepted") };
    let refused = error_chain(&refused);
    assert!(refused.contains("notify.fcm.service_account_file"), "{refused}");
    assert!(refused.contains("it is UTF-16; save it as UTF-8"), "{refused}");
}

#[tokio::test]
async fn fcm_must_be_public_or_allowed() {
    let (clock, _) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let server = FcmServer::start(&clock).await;
    let made = |endpoint: &str, allow: &[&str]| {
        let config = config(&server, endpoint, allow);
        Fcm::from_config(&config, clock.clone()).map(|_| ()).map_err(|error| error_chain(&error))
    };
    let loopback = Ipv4Addr::LOCALHOST.to_string();
    assert!(made(&server.endpoint(), &[&loopback]).is_ok());
    for endpoint in ["http://fcm.googleapis.com", "https://169.254.169.254", "https://127.0.0.1"] {
        let refused = made(endpoint, &[]).unwrap_err();
        assert!(refused.contains("notify.fcm.endpoint"), "{refused}");
    }
    // The token URI in the file is checked as well.
    let refused = made("https://fcm.googleapis.com", &[]).unwrap_err();
    assert!(refused.contains("token_uri"), "{refused}");
    std::fs::write(server.folder().join("account.json"), "{}").unwrap();
    let refused = made("https://fcm.googleapis.com", &[]).unwrap_err();
    assert!(refused.contains("not the JSON of a service account"), "{refused}");
    let named = format!("service_account_file: {}", server.folder().join("account.json").display());
    assert!(refused.contains(&named), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fcm_a_notification_counts_as_delivered() {
    let service = Service::embedded().await;
    let scene = Scene { fcm: FcmServer::start(service.clock()).await, service };
    scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    scene.deliver().await;
    assert_eq!(scene.newest().await.state, EventState::Delivered);
    assert!(scene.messages().is_empty());
}

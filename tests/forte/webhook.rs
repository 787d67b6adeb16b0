//! One webhook request: its signature, the meaning of its response, the addresses it may go to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{Clock, EventId, ManualClock};
use forte_media::notify::{Config, Delivery, TargetError, Webhook, WebhookError};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;

use crate::harness::receiver::{Receiver, Reply, SECRET};

const BODY: &str = r#"{"type":"report.submitted","data":{"place":"Алматы"}}"#;
const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1"];

fn config(url: &str, allow: &[&str]) -> Config {
    serde_json::from_value(json!({
        "allow_networks": allow,
        "webhook": { "url": url, "secret": SECRET, "timeout": "20s", "max_answer": 40 },
        "fcm": { "endpoint": "https://fcm.googleapis.com", "timeout": "10s" },
    }))
    .unwrap()
}

fn webhook(config: &Config, clock: &Clock) -> Webhook {
    Webhook::from_config(config, clock.clone()).unwrap().unwrap()
}

fn refusal(config: &Config) -> WebhookError {
    Webhook::from_config(config, Clock::system()).err().unwrap()
}

fn id() -> EventId {
    "0196c8a0-1111-7000-8000-000000000001".parse().unwrap()
}

async fn deliver(webhook: &Webhook) -> Delivery {
    webhook.deliver(id(), BODY).await
}

/// A receiver, a webhook to it, and their clock.
async fn pair() -> (Receiver, Webhook, ManualClock) {
    let (clock, manual_clock) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let receiver = Receiver::start(&clock).await;
    let webhook = webhook(&config(&receiver.url(), LOOPBACK), &clock);
    (receiver, webhook, manual_clock)
}

/// The outcome of a request with this response.
async fn outcome_of(reply: Reply) -> Delivery {
    let (receiver, webhook, _) = pair().await;
    receiver.script([reply]);
    deliver(&webhook).await
}

fn retry(delivery: Delivery) -> (Option<SignedDuration>, Option<u16>, String) {
    match delivery {
        Delivery::Retry { after, status, reason } => (after, status, reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sends_the_body_unchanged_with_its_id_and_a_valid_signature() {
    let (receiver, webhook, _) = pair().await;
    assert_eq!(deliver(&webhook).await, Delivery::Delivered { status: 204 });
    let request = receiver.received().remove(0);
    assert_eq!((request.id, request.body.as_str(), request.signed), (id(), BODY, true));
}

#[tokio::test]
async fn sends_user_and_password_in_addition_to_the_signature() {
    let (clock, _) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let receiver = Receiver::start(&clock).await;
    let mut config = config(&receiver.url(), LOOPBACK);
    deliver(&webhook(&config, &clock)).await;
    config.webhook.user = Some("forte-media".to_owned());
    config.webhook.password = Some(SecretString::from("пароль: 1С"));
    deliver(&webhook(&config, &clock)).await;
    let requests = receiver.received();
    assert_eq!(requests[0].authorization, "");
    let expected = STANDARD.encode("forte-media:пароль: 1С");
    assert_eq!(requests[1].authorization, format!("Basic {expected}"));
    assert!(requests.iter().all(|request| request.signed));
}

#[test]
fn a_user_without_a_password_is_refused() {
    let mut config = config("http://127.0.0.1/hs/forte", LOOPBACK);
    config.webhook.user = Some("forte-media".to_owned());
    assert!(matches!(refusal(&config), WebhookError::Credentials));
    config.webhook.password = Some(SecretString::from("x"));
    config.webhook.user = Some("forte:media".to_owned());
    assert!(matches!(refusal(&config), WebhookError::User));
    config.webhook.user = None;
    assert!(matches!(refusal(&config), WebhookError::Credentials));
}

#[tokio::test]
async fn either_secret_verifies_during_a_rotation() {
    let (clock, _) = Clock::manual(Timestamp::UNIX_EPOCH);
    let new = "whsec_bmV4dC1mb3J0ZS1tZWRpYS10ZXN0cy1zZWNyZXQ=";
    for known in [SECRET, new] {
        let receiver = Receiver::start_with(&clock, known).await;
        let mut config = config(&receiver.url(), LOOPBACK);
        config.webhook.secret = Some(SecretString::from(format!("{new} {SECRET}")));
        let delivery = deliver(&webhook(&config, &clock)).await;
        assert_eq!(delivery, Delivery::Delivered { status: 204 }, "{known}");
    }
}

#[tokio::test]
async fn a_receiver_refuses_another_secret_and_an_old_timestamp() {
    let (clock, manual_clock) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let other =
        Receiver::start_with(&clock, "whsec_c29tZWJvZHktZWxzZXMtc2VjcmV0LTAwMDAwMQ==").await;
    let (_, status, _) = retry(deliver(&webhook(&config(&other.url(), LOOPBACK), &clock)).await);
    assert_eq!(status, Some(401));

    let (late, _) = Clock::manual(clock.now());
    let receiver = Receiver::start(&clock).await;
    manual_clock.advance(SignedDuration::from_secs(301));
    let (_, status, _) = retry(deliver(&webhook(&config(&receiver.url(), LOOPBACK), &late)).await);
    assert_eq!(status, Some(401));
}

#[tokio::test]
async fn a_410_response_is_a_permanent_failure() {
    let delivery = outcome_of(Reply::Body(410, "no more".to_owned())).await;
    assert_eq!(
        delivery,
        Delivery::Rejected { status: 410, reason: "410 Gone: no more".to_owned() }
    );
}

#[tokio::test]
async fn every_other_error_response_is_retried() {
    for status in [400, 401, 404, 429, 500, 503] {
        let (after, received, _) = retry(outcome_of(Reply::Status(status)).await);
        assert_eq!((after, received), (None, Some(status)));
    }
}

#[tokio::test]
async fn retry_after_is_seconds_or_a_date() {
    let (after, ..) = retry(outcome_of(Reply::RetryAfter(429, "120".to_owned())).await);
    assert_eq!(after, Some(SignedDuration::from_secs(120)));
    let date = "Wed, 13 May 2026 05:10:00 GMT".to_owned();
    let (after, ..) = retry(outcome_of(Reply::RetryAfter(503, date)).await);
    assert_eq!(after, Some(SignedDuration::from_mins(10)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, ..) = pair().await;
    let (_, status, _) = retry(outcome_of(Reply::Redirect(elsewhere.url())).await);
    assert_eq!(status, Some(307));
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_long_error_body_is_truncated_and_cleaned() {
    let body = format!("\u{1b}[2J\0{}", "х".repeat(100_000));
    let (.., reason) = retry(outcome_of(Reply::Body(500, body)).await);
    assert!(!reason.contains(char::is_control), "{reason:?}");
    assert!(reason.starts_with("500 Internal Server Error: [2J ххх"), "{reason:?}");
    assert!(reason.len() < 100, "{reason:?}");
}

#[tokio::test]
async fn a_missing_response_times_out() {
    let (receiver, ..) = pair().await;
    receiver.script([Reply::Hang]);
    let mut config = config(&receiver.url(), LOOPBACK);
    config.webhook.timeout = SignedDuration::from_millis(200);
    let (after, status, reason) = retry(deliver(&webhook(&config, &Clock::system())).await);
    assert_eq!((after, status), (None, None));
    assert!(reason.contains("timed out"), "{reason}");
}

#[tokio::test]
async fn a_refused_connection_is_reported_without_the_url() {
    let (mut receiver, webhook, _) = pair().await;
    receiver.close().await;
    let (_, status, reason) = retry(deliver(&webhook).await);
    assert_eq!(status, None);
    assert!(reason.contains("refused") && !reason.contains("/hs/forte"), "{reason}");
}

#[tokio::test]
async fn a_name_is_checked_by_its_resolved_address() {
    let clock = Clock::system();
    let receiver = Receiver::start(&clock).await;
    let elsewhere = config(&receiver.url_by_name(), &["10.0.0.0/8"]);
    let (_, status, reason) = retry(deliver(&webhook(&elsewhere, &clock)).await);
    assert_eq!(status, None);
    assert!(reason.contains("notify.allow_networks"), "{reason}");

    let encrypted = receiver.url_by_name().replace("http:", "https:");
    let (.., reason) = retry(deliver(&webhook(&config(&encrypted, &[]), &clock)).await);
    assert!(reason.contains("neither a public address"), "{reason}");
    assert!(receiver.received().is_empty());

    let allowed = config(&receiver.url_by_name(), LOOPBACK);
    assert_eq!(deliver(&webhook(&allowed, &clock)).await, Delivery::Delivered { status: 204 });
}

#[test]
fn a_private_address_is_refused_in_every_notation() {
    let urls = [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.10/hs/forte",
        "https://[fd00:ec2::254]/",
    ];
    for url in urls {
        assert!(
            matches!(refusal(&config(url, &[])), WebhookError::Url(TargetError::AddressDenied(_))),
            "{url}"
        );
    }
}

#[test]
fn invalid_settings_are_refused_at_start() {
    let mut unsigned = config("https://one-c.example/", &[]);
    unsigned.webhook.secret = None;
    assert!(matches!(refusal(&unsigned), WebhookError::Secret(_)));
    let plain = config("http://one-c.example/", &[]);
    assert!(matches!(refusal(&plain), WebhookError::Url(TargetError::Unencrypted)));
    for url in ["one-c.example", "ftp://one-c.example/", "https://user:word@one-c.example/"] {
        assert!(matches!(refusal(&config(url, &[])), WebhookError::Url(TargetError::Url)), "{url}");
    }
    let mut off = config("https://one-c.example/", &[]);
    off.webhook.url = None;
    assert!(Webhook::from_config(&off, Clock::system()).unwrap().is_none());
}

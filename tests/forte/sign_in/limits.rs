//! Limits on code requests and wrong codes (S4).

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use forte_media::database::EventRow;
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, UNKNOWN_BIIN, other_code};
use crate::harness::service::{Backend, Service, header, json, on_both_backends};

on_both_backends! {
    a_device_gets_three_codes_in_ten_minutes,
    concurrent_requests_count_towards_the_limit,
    five_wrong_codes_invalidate_the_code,
    concurrent_wrong_codes_count_towards_the_limit,
    an_address_gets_five_hundred_codes_an_hour_for_new_devices,
}

/// Asserts that a request is refused; the seconds in `Retry-After`.
async fn refused(response: Response<Body>) -> i64 {
    let seconds = header(&response, "retry-after").parse().unwrap();
    problem(response, 429, "otp_rate_limited").await;
    seconds
}

/// S1: for known and unknown BINs.
async fn a_device_gets_three_codes_in_ten_minutes(service: Service) {
    for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
        for _ in 0..3 {
            assert_eq!(phone.request_code(&service).await.status(), 200);
        }
        service.manual_clock().advance(SignedDuration::from_mins(4));
        assert_eq!(refused(phone.request_code(&service).await).await, 361);
        assert_eq!(phone.with_uuid("another").request_code(&service).await.status(), 200);
        service.manual_clock().advance(SignedDuration::from_mins(6));
        assert_eq!(phone.request_code(&service).await.status(), 200);
    }
}

async fn concurrent_requests_count_towards_the_limit(service: Service) {
    let phone = Phone::driver();
    let responses = join_all((0..12).map(|_| phone.request_code(&service))).await;
    let good = responses.iter().filter(|response| response.status() == 200).count();
    assert_eq!(good, 3);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM challenges WHERE used = 0").await, 1);
}

/// S4
async fn five_wrong_codes_invalidate_the_code(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    for _ in 0..4 {
        problem(phone.redeem_code(&service, &other_code(&code)).await, 401, "otp_invalid").await;
    }
    let response = phone.redeem_code(&service, &code).await;
    assert_eq!(response.status(), 200);

    let code = phone.code(&service).await;
    for _ in 0..5 {
        problem(phone.redeem_code(&service, &other_code(&code)).await, 401, "otp_invalid").await;
    }
    problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
}

/// S4: a sixth guess is impossible.
async fn concurrent_wrong_codes_count_towards_the_limit(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    let wrong = other_code(&code);
    let responses = join_all((0..40).map(|_| phone.redeem_code(&service, &wrong))).await;
    assert!(responses.iter().all(|response| response.status() == 401));
    assert_eq!(service.env.db.number("SELECT wrong_codes FROM challenges").await, 5);
    problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
}

fn from(address: &str, phone: &Phone, forwarded: &str) -> Request<Body> {
    let mut request = phone.code_request();
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    if !forwarded.is_empty() {
        request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
    }
    request
}

/// Spends the limit of an address, whose requests are in the table.
async fn spend(service: &Service, column: &str, key: &str, requests: u32) {
    let now = service.env.fixture.now().as_microsecond();
    let rows = (0..requests).map(|number| {
        format!(
            "('{column}-{number}', '{number:012}', 0, 'admin', 'device', '', '', '', '{key}', {now}, \
             {now}, 0, 0)"
        )
    });
    service
        .env
        .db
        .execute(format!(
            "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, \
             {column}, created_at, expires_at, wrong_codes, used) VALUES {}",
            rows.collect::<Vec<_>>().join(", ")
        ))
        .await;
}

/// S51: `X-Forwarded-For` of an untrusted client is ignored.
async fn an_address_gets_five_hundred_codes_an_hour_for_new_devices(service: Service) {
    let phone = Phone::driver();
    phone.sign_in(&service).await;
    let new = Phone::driver().with_uuid("new");
    spend(&service, "address", "203.0.113.7", 499).await;
    let request = || from("203.0.113.7", &new, "198.51.100.10");
    assert_eq!(service.send(request()).await.status(), 200);
    assert_eq!(refused(service.send(request()).await).await, 3601);
    assert_eq!(service.send(from("203.0.113.8", &new, "")).await.status(), 200);
    // A device that has had a session is not counted, nor is loopback.
    assert_eq!(service.send(from("203.0.113.7", &phone, "")).await.status(), 200);
    assert_eq!(service.send(from("127.0.0.1", &new, "")).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_hours(1));
    assert_eq!(service.send(request()).await.status(), 200);
}

#[tokio::test]
async fn an_attacker_with_many_addresses_is_counted_by_network() {
    let service = Service::embedded_with(&[("AUTH__LIMITS__PER_NETWORK", "20")]).await;
    let phone = |number: u32| Phone::director().at(&format!("{number:012}"));
    for number in 0..20 {
        let request = from(&format!("203.0.113.{number}"), &phone(number), "");
        assert_eq!(service.send(request).await.status(), 200);
    }
    refused(service.send(from("203.0.113.99", &phone(99), "")).await).await;
    assert_eq!(service.send(from("203.0.114.1", &phone(99), "")).await.status(), 200);
}

/// S51
#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_limit() {
    let settings =
        [("HTTP__TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1"), ("AUTH__LIMITS__PER_ADDRESS", "1")];
    let service = Service::embedded_with(&settings).await;
    let phone = |number: u32| Phone::director().at(&format!("{number:012}"));
    for number in 0..15 {
        let forwarded = format!("evil, 198.51.100.{number}, 192.168.1.1");
        let request = from("10.1.2.3", &phone(number), &forwarded);
        assert_eq!(service.send(request).await.status(), 200);
    }
    let again = from("10.1.2.3", &phone(99), "198.51.100.1");
    refused(service.send(again).await).await;
    // The proxy itself is not counted.
    for number in 0..3 {
        assert_eq!(service.send(from("10.1.2.3", &phone(100 + number), "")).await.status(), 200);
    }
}

/// The mails with a warning, oldest first.
async fn warnings(service: &Service) -> Vec<EventRow> {
    let mut events = service.database().events(None, 1000).await.unwrap();
    events.retain(|event| event.kind == "mail.warning");
    events.sort_by_key(|event| event.created_at);
    events
}

/// S4: nobody is locked out, and the mailbox is warned once a day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_twenty_codes_a_day_requests_are_delayed_and_the_mailbox_is_warned() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = Service::start(backend).await else { continue };
        let phone = |number: i64| Phone::driver().with_uuid(&format!("device-{number}"));
        for number in 0..20 {
            assert_eq!(phone(number).request_code(&service).await.status(), 200);
        }
        assert_eq!(warnings(&service).await.len(), 0);
        for (number, gap) in [(20, 5), (21, 10), (22, 20), (23, 40), (24, 60), (25, 60)] {
            assert_eq!(refused(phone(number).request_code(&service).await).await, gap * 60 + 1);
            service.manual_clock().advance(SignedDuration::from_mins(gap));
            assert_eq!(phone(number).request_code(&service).await.status(), 200);
        }
        let sent = warnings(&service).await;
        let [warning] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(warning.subject, "company:20");
        let body: serde_json::Value = serde_json::from_str(&warning.body).unwrap();
        assert_eq!(body, serde_json::json!({"company_id": 20, "reason": "many_codes"}));
        service.manual_clock().advance(SignedDuration::from_hours(24));
        assert_eq!(phone(30).request_code(&service).await.status(), 200);
        assert_eq!(warnings(&service).await.len(), 1);
    }
}

/// A stranger who spends the codes of a company slows down only the own network.
#[tokio::test]
async fn codes_of_strangers_do_not_delay_those_of_other_networks() {
    let service = Service::embedded().await;
    for number in 0..25 {
        let phone = Phone::driver().with_uuid(&format!("invented-{number}"));
        service.send(from("203.0.113.7", &phone, "")).await;
    }
    let phone = Phone::driver();
    refused(service.send(from("203.0.113.7", &phone, "")).await).await;
    assert_eq!(service.send(from("198.51.100.1", &phone, "")).await.status(), 200);
}

#[tokio::test]
async fn the_mailbox_is_warned_of_wrong_codes() {
    let service = Service::embedded().await;
    Phone::driver().with_uuid("stranger").code(&service).await;
    service.env.db.execute("UPDATE challenges SET wrong_codes = 25").await;
    Phone::driver().request_code(&service).await;
    assert!(warnings(&service).await[0].body.contains("wrong_codes"));
}

/// S1: no mail is sent.
#[tokio::test]
async fn requests_for_an_unknown_bin_are_delayed_too() {
    let service = Service::embedded().await;
    let phone =
        |number: u32| Phone::driver().at(UNKNOWN_BIIN).with_uuid(&format!("device-{number}"));
    for number in 0..20 {
        assert_eq!(phone(number).request_code(&service).await.status(), 200);
    }
    assert_eq!(refused(phone(20).request_code(&service).await).await, 301);
    let pending = "SELECT COUNT(*) FROM outbox WHERE state = 'pending'";
    assert_eq!(service.env.db.number(pending).await, 0);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM outbox").await, 21);
    assert_eq!(json(Phone::driver().request_code(&service).await).await["status"], "ok");
}

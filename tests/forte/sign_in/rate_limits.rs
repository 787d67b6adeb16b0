//! Refused code requests cost nothing, and cannot lock out the devices of a company.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, UNKNOWN_BIIN};
use crate::harness::service::{Backend, Service, on_both_backends};

on_both_backends! {
    a_refused_request_without_a_warning_writes_nothing,
}

async fn assert_refused(response: Response<Body>) {
    problem(response, 429, "otp_rate_limited").await;
}

/// S1
async fn a_refused_request_without_a_warning_writes_nothing(service: Service) {
    for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
        for _ in 0..3 {
            assert_eq!(phone.request_code(&service).await.status(), 200);
        }
        let before = service.env.db.dump().await;
        assert_refused(phone.request_code(&service).await).await;
        assert_eq!(service.env.db.dump().await, before);
    }
}

/// SQLite has one writer at a time.
#[tokio::test]
async fn a_refused_request_does_not_wait_for_the_writer() {
    let service = Service::embedded().await;
    let phone = Phone::driver();
    for _ in 0..3 {
        phone.request_code(&service).await;
    }
    let writer = service.env.db.lock_sqlite().await;
    let response = tokio::time::timeout(Duration::from_secs(2), phone.request_code(&service)).await;
    assert_refused(response.unwrap()).await;
    drop(writer);
}

/// S4: exhausting the daily budget does not lock a company out. S1: being known at one company changes
/// nothing for another one, and reveals nothing about an unknown BIN.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_device_does_not_wait_for_requests_of_unknown_devices() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = Service::start(backend).await else { continue };
        let director = Phone::director();
        director.sign_in(&service).await;
        for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
            for number in 0..25 {
                phone.with_uuid(&format!("made-up-{number}")).request_code(&service).await;
            }
            assert_refused(phone.with_uuid("made-up-25").request_code(&service).await).await;
        }
        assert_refused(director.at(UNKNOWN_BIIN).request_code(&service).await).await;
        director.sign_in(&service).await;
        assert_eq!(director.request_code(&service).await.status(), 200);
        // The limit per device still applies.
        assert_refused(director.request_code(&service).await).await;
        service.manual_clock().advance(SignedDuration::from_mins(10));
        assert_eq!(director.request_code(&service).await.status(), 200);
    }
}

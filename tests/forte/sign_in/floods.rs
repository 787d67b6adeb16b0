//! Who asks too often is in nobody's way, and keeps no company out.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, UNKNOWN_BIIN};
use crate::harness::service::{Backend, Options, Service, on_both_backends};

on_both_backends! {
    a_refused_request_without_a_warning_writes_nothing,
}

async fn refused(response: Response<Body>) {
    problem(response, 429, "otp_rate_limited").await;
}

/// S1, S3
async fn a_refused_request_without_a_warning_writes_nothing(service: Service) {
    for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
        for _ in 0..3 {
            assert_eq!(phone.request_code(&service).await.status(), 200);
        }
        let before = service.env.db.dump().await;
        refused(phone.request_code(&service).await).await;
        assert_eq!(service.env.db.dump().await, before);
    }
}

/// Where one writer keeps all others waiting, it waits for none.
#[tokio::test]
async fn a_refused_request_does_not_wait_for_the_writer() {
    let service = Service::embedded().await;
    let phone = Phone::driver();
    for _ in 0..3 {
        phone.request_code(&service).await;
    }
    let writer = service.env.db.lock_sqlite().await;
    let answer = tokio::time::timeout(Duration::from_secs(2), phone.request_code(&service)).await;
    refused(answer.unwrap()).await;
    drop(writer);
}

async fn roomy(backend: Backend) -> Option<Service> {
    let settings = vec![("AUTH__LIMITS__PER_ADDRESS", "1000".to_owned())];
    Box::pin(Service::start_with(backend, Options { settings, ..Options::default() })).await
}

/// S4 with `decisions.md`: the gap beyond the day's budget is no lever against a company. S1: a device
/// of one company opens no other one, and tells nothing of a BIN nobody has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_of_the_company_does_not_wait_for_what_strangers_asked() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = roomy(backend).await else { continue };
        let director = Phone::director();
        director.sign_in(&service).await;
        for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
            for number in 0..25 {
                phone.with_uuid(&format!("made-up-{number}")).request_code(&service).await;
            }
            refused(phone.with_uuid("made-up-25").request_code(&service).await).await;
        }
        refused(director.at(UNKNOWN_BIIN).request_code(&service).await).await;
        director.sign_in(&service).await;
        assert_eq!(director.request_code(&service).await.status(), 200);
        // It has its own limit as ever.
        refused(director.request_code(&service).await).await;
        service.manual_clock().advance(SignedDuration::from_mins(10));
        assert_eq!(director.request_code(&service).await.status(), 200);
    }
}

/// S4: who knows a device of the company has as many guesses as anybody, and no more.
#[tokio::test]
async fn a_device_of_the_company_is_slowed_down_by_its_own_wrong_codes() {
    let service = roomy(Backend::Embedded).await.unwrap();
    let director = Phone::director();
    director.sign_in(&service).await;
    service.env.db.execute("UPDATE challenges SET wrong_codes = 50").await;
    refused(director.request_code(&service).await).await;
    service.manual_clock().advance(SignedDuration::from_mins(5));
    assert_eq!(director.request_code(&service).await.status(), 200);
}

//! Bad forms, and too much of everything.

use axum::body::Body;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::preflight::{ask, bytes, codes, form_of, late_and_too_short, told};
use crate::harness::service::{Service, header};

#[tokio::test]
async fn missing_parts_are_named() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    let answer = problem(ask(&service, Form::of(ref_key)).await, 422, "validation_failed").await;
    assert!(answer["details"]["length"].is_string(), "{answer}");
    let only_length = || Form::of(ref_key).text("length", "100000");
    let with_head = || bytes(only_length(), "head", &GOOD[..64]);
    for (form, named) in [
        (only_length(), "head"),
        (bytes(only_length(), "head", b"short"), "head"),
        (with_head().text("moov_at", "700"), "moov"),
        (bytes(with_head(), "moov", b"moov"), "moov_at"),
        (bytes(with_head().text("moov_at", "-1"), "moov", b"moov"), "moov_at"),
        (bytes(Form::of(ref_key).text("length", "many"), "head", &GOOD[..64]), "length"),
    ] {
        let answer = problem(ask(&service, form).await, 422, "validation_failed").await;
        assert!(answer["details"][named].is_string(), "{named}: {answer}");
    }
    let twice = with_head().text("length", "100000");
    problem(ask(&service, twice).await, 400, "validation_failed").await;
    let twice = bytes(with_head(), "head", &GOOD[..64]);
    problem(ask(&service, twice).await, 400, "validation_failed").await;
    // Without a report nothing is looked up, and the rest is judged all the same.
    let form = bytes(Form::new().text("length", "18553"), "head", GOOD);
    assert_eq!(codes(&told(&service, form).await), ["validation_failed"]);
}

#[tokio::test]
async fn every_part_has_a_limit() {
    let service = Service::embedded_with(&[("INSPECT__MAX_MOOV", "100000")]).await;
    let ref_key = service.report().await;
    let form = || Form::of(ref_key).text("length", "1000000").text("moov_at", "900000");
    let head = bytes(form(), "head", &vec![0; 65_537]);
    problem(ask(&service, head).await, 413, "body_too_large").await;
    let moov = bytes(bytes(form(), "head", &GOOD[..64]), "moov", &vec![0; 100_001]);
    problem(ask(&service, moov).await, 413, "body_too_large").await;
    let all = bytes(bytes(form(), "head", &vec![0; 65_536]), "moov", &vec![0; 200_000]);
    let answer = ask(&service, all).await;
    assert_eq!(header(&answer, "connection"), "close");
    problem(answer, 413, "body_too_large").await;
}

/// A length that is only claimed costs nothing, and a place that cannot be is no trouble.
#[tokio::test]
async fn declared_lengths_and_positions_are_not_trusted() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    for (length, moov_at) in [(u64::MAX, u64::MAX), (u64::MAX, 0), (1, 5), (0, 0)] {
        let form = Form::of(ref_key)
            .text("length", &length.to_string())
            .text("moov_at", &moov_at.to_string());
        let form = bytes(bytes(form, "head", GOOD), "moov", &GOOD[..5000]);
        let about = told(&service, form).await;
        assert_eq!(about["verdict"], "refused", "{about}");
    }
}

#[tokio::test]
async fn a_cut_or_malformed_form_is_a_bad_request() {
    let service = Service::embedded().await;
    let request = form::request(&service, "/uploads/preflight");
    let whole = form_of(service.report().await, GOOD).done();
    let cut = Body::from(whole[..whole.len() / 2].to_vec());
    let answer = service.send(request.body(cut).unwrap()).await;
    problem(answer, 400, "validation_failed").await;
    let request = form::request(&service, "/uploads/preflight")
        .header("Content-Type", "application/json")
        .body("{}".into());
    let mut request = request.unwrap();
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    problem(service.send(request).await, 400, "validation_failed").await;
}

#[tokio::test]
async fn the_preflights_of_a_person_are_limited() {
    let service = Service::embedded_with(&[("UPLOAD__PREFLIGHTS_PER_MINUTE", "2")]).await;
    let ref_key = service.report().await;
    for _ in 0..2 {
        assert_eq!(ask(&service, form_of(ref_key, GOOD)).await.status(), 200);
    }
    let answer = ask(&service, form_of(ref_key, GOOD)).await;
    let wait: i64 = header(&answer, "retry-after").parse().unwrap();
    problem(answer, 429, "rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_secs(wait));
    assert_eq!(ask(&service, form_of(ref_key, GOOD)).await.status(), 200);
}

#[tokio::test]
async fn the_preflights_in_progress_are_limited() {
    let service = Service::embedded_with(&[("UPLOAD__PREFLIGHTS_AT_ONCE", "0")]).await;
    let answer = ask(&service, form_of(service.report().await, GOOD)).await;
    assert!(!header(&answer, "retry-after").is_empty());
    problem(answer, 503, "busy").await;
}

/// 64 MiB with `moov` last, refused: the driver pays for less than 1.2 MiB.
#[tokio::test]
async fn refusing_64_mib_takes_less_than_a_fiftieth_of_the_bytes() {
    let service = Service::embedded().await;
    let file = late_and_too_short(64 * 1024 * 1024);
    let form = form_of(service.report().await, &file);
    let cost = form.clone().done().len();
    let about = told(&service, form).await;
    assert_eq!(codes(&about), ["DURATION_OUT_OF_RANGE"]);
    assert_eq!(about["judged"], "whole");
    assert!(cost * 10 < 12 * 1024 * 1024, "{cost} bytes");
}

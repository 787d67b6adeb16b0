//! Malformed forms, and limits.

use axum::body::Body;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::preflight::{
    binary_part, codes, judge, preflight_form, send_preflight, too_short_with_moov_last,
};
use crate::harness::service::{Service, header};

#[tokio::test]
async fn missing_parts_are_named() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    let answer =
        problem(send_preflight(&service, Form::of(ref_key)).await, 422, "validation_failed").await;
    assert!(answer["details"]["length"].is_string(), "{answer}");
    let only_length = || Form::of(ref_key).text("length", "100000");
    let with_head = || binary_part(only_length(), "head", &GOOD[..64]);
    for (form, named) in [
        (only_length(), "head"),
        (binary_part(only_length(), "head", b"short"), "head"),
        (with_head().text("moov_at", "700"), "moov"),
        (binary_part(with_head(), "moov", b"moov"), "moov_at"),
        (binary_part(with_head().text("moov_at", "-1"), "moov", b"moov"), "moov_at"),
        (binary_part(Form::of(ref_key).text("length", "many"), "head", &GOOD[..64]), "length"),
    ] {
        let answer = problem(send_preflight(&service, form).await, 422, "validation_failed").await;
        assert!(answer["details"][named].is_string(), "{named}: {answer}");
    }
    let twice = with_head().text("length", "100000");
    problem(send_preflight(&service, twice).await, 400, "validation_failed").await;
    let twice = binary_part(with_head(), "head", &GOOD[..64]);
    problem(send_preflight(&service, twice).await, 400, "validation_failed").await;
    // Without a report nothing is looked up, but the video is judged.
    let form = binary_part(Form::new().text("length", "18553"), "head", GOOD);
    assert_eq!(codes(&judge(&service, form).await), ["validation_failed"]);
}

#[tokio::test]
async fn every_part_has_a_limit() {
    let service = Service::embedded_with(&[("INSPECT__MAX_MOOV", "100000")]).await;
    let ref_key = service.report().await;
    let form = || Form::of(ref_key).text("length", "1000000").text("moov_at", "900000");
    let head = binary_part(form(), "head", &vec![0; 65_537]);
    problem(send_preflight(&service, head).await, 413, "body_too_large").await;
    let moov = binary_part(binary_part(form(), "head", &GOOD[..64]), "moov", &vec![0; 100_001]);
    problem(send_preflight(&service, moov).await, 413, "body_too_large").await;
    let all = binary_part(binary_part(form(), "head", &vec![0; 65_536]), "moov", &vec![0; 200_000]);
    let answer = send_preflight(&service, all).await;
    assert_eq!(header(&answer, "connection"), "close");
    problem(answer, 413, "body_too_large").await;
}

/// A huge declared length allocates nothing, and an impossible position does no harm.
#[tokio::test]
async fn declared_lengths_and_positions_are_not_trusted() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    for (length, moov_at) in [(u64::MAX, u64::MAX), (u64::MAX, 0), (1, 5), (0, 0)] {
        let form = Form::of(ref_key)
            .text("length", &length.to_string())
            .text("moov_at", &moov_at.to_string());
        let form = binary_part(binary_part(form, "head", GOOD), "moov", &GOOD[..5000]);
        let about = judge(&service, form).await;
        assert_eq!(about["verdict"], "refused", "{about}");
    }
}

#[tokio::test]
async fn a_cut_or_malformed_form_is_a_bad_request() {
    let service = Service::embedded().await;
    let request = form::request(&service, "/uploads/preflight");
    let whole = preflight_form(service.report().await, GOOD).done();
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
        assert_eq!(send_preflight(&service, preflight_form(ref_key, GOOD)).await.status(), 200);
    }
    let answer = send_preflight(&service, preflight_form(ref_key, GOOD)).await;
    let wait: i64 = header(&answer, "retry-after").parse().unwrap();
    problem(answer, 429, "rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_secs(wait));
    assert_eq!(send_preflight(&service, preflight_form(ref_key, GOOD)).await.status(), 200);
}

#[tokio::test]
async fn the_preflights_in_progress_are_limited() {
    let service = Service::embedded_with(&[("UPLOAD__PREFLIGHTS_AT_ONCE", "0")]).await;
    let answer = send_preflight(&service, preflight_form(service.report().await, GOOD)).await;
    assert!(!header(&answer, "retry-after").is_empty());
    problem(answer, 503, "busy").await;
}

/// 64 MiB with `moov` last are refused after less than 1.2 MiB.
#[tokio::test]
async fn refusing_64_mib_takes_less_than_a_fiftieth_of_the_bytes() {
    let service = Service::embedded().await;
    let file = too_short_with_moov_last(64 * 1024 * 1024);
    let form = preflight_form(service.report().await, &file);
    let cost = form.clone().done().len();
    let about = judge(&service, form).await;
    assert_eq!(codes(&about), ["DURATION_OUT_OF_RANGE"]);
    assert_eq!(about["judged"], "whole");
    assert!(cost * 10 < 12 * 1024 * 1024, "{cost} bytes");
}

//! The verdict of a preflight, which is that of the upload.

use forte_media::model::{Person, PersonId, ReportStatus, Role};
use serde_json::json;

use super::{sent, sha256};
use crate::harness::answers::problem;
use crate::harness::clips::{GOOD, MOOV_FIRST, NOT_MP4};
use crate::harness::form::{self, Form};
use crate::harness::mp4::sample;
use crate::harness::preflight::{
    binary_part, codes, judge, preflight_form, send_preflight, too_short_with_moov_last,
};
use crate::harness::service::{Backend, Options, Service, on_both_backends};

on_both_backends! {
    an_accepted_preflight_writes_nothing,
    the_upload_is_refused_for_the_reason_of_the_preflight,
    all_reasons_are_reported_at_once,
    a_report_that_takes_no_video_is_a_reason,
    an_earlier_use_of_the_file_is_reported,
}

async fn an_accepted_preflight_writes_nothing(service: Service) {
    let ref_key = service.report().await;
    for file in [GOOD, MOOV_FIRST] {
        let response = judge(&service, preflight_form(ref_key, file)).await;
        assert_eq!(codes(&response), [""; 0], "{response}");
        assert_eq!(response["judged"], "whole");
        assert_eq!(response["facts"]["length"], file.len());
        assert!(response["facts"]["duration_ms"].as_u64().unwrap() > 1000, "{response}");
        assert_eq!(response["verdicts"], json!([]), "without a hash nothing is known of reuse");
    }
    let driver = service.env.fixture.driver.id;
    assert_eq!(service.database().count_active_uploads(driver).await.unwrap(), 0);
    service.assert_nothing_left().await;
    let answer = sent(&service, ref_key, GOOD, Some(&sha256(GOOD))).await;
    assert_eq!(answer.status(), 204);
}

async fn the_upload_is_refused_for_the_reason_of_the_preflight(service: Service) {
    let late = too_short_with_moov_last(300_000);
    let samples = ["bad-no-video.mp4", "bad-too-short.mp4", "bad-truncated.mp4"];
    let files = samples.map(sample).into_iter().chain([NOT_MP4.to_vec(), late]);
    for file in files {
        let ref_key = service.report().await;
        let response = judge(&service, preflight_form(ref_key, &file)).await;
        let first = &response["reasons"][0];
        let refused = sent(&service, ref_key, &file, None).await;
        let (status, code) = match first["error"].as_str().unwrap() {
            "not_mp4" => (415, "not_mp4"),
            _ => (422, "video_refused"),
        };
        let refusal = problem(refused, status, code).await;
        assert_eq!(first["message"], refusal["message"], "{response}");
        for name in ["code", "at"] {
            assert_eq!(first[name], refusal["details"][name], "{response}");
        }
    }
}

async fn all_reasons_are_reported_at_once(service: Service) {
    // The media is longer than allowed, and the video too short.
    let file = sample("bad-too-short.mp4");
    let ref_key = service.report().await.to_string();
    let form = Form::new()
        .text("ref_key", &ref_key)
        .text("time_sent", "yesterday")
        .text("lat", "91")
        .text("long", "76.889709")
        .text("length", "67108865");
    let response = judge(&service, binary_part(form, "head", &file)).await;
    let codes = codes(&response);
    assert_eq!(codes[..3], ["file_too_large", "validation_failed", "DURATION_OUT_OF_RANGE"]);
    let reasons = &response["reasons"];
    assert_eq!(reasons[0]["details"]["max_length"], 67_108_864);
    assert!(reasons[1]["details"]["time_sent"].is_string(), "{response}");
    assert!(reasons[1]["details"]["lat"].is_string(), "{response}");
    assert_eq!(reasons[2]["error"], "video_refused");
}

#[tokio::test]
async fn a_declared_type_that_is_no_video_is_a_reason() {
    let service = Service::embedded().await;
    let form = preflight_form(service.report().await, GOOD).text("filetype", "image/jpeg");
    let response = judge(&service, form).await;
    assert_eq!(codes(&response), ["unsupported_media_type"]);
    assert_eq!(response["reasons"][0]["details"]["declared"], "image/jpeg");
}

async fn a_report_that_takes_no_video_is_a_reason(service: Service) {
    let submitted = service.report().await;
    assert_eq!(sent(&service, submitted, GOOD, None).await.status(), 204);
    let about = judge(&service, preflight_form(submitted, GOOD)).await;
    assert_eq!(codes(&about), ["report_already_submitted"]);
    assert_eq!(about["reasons"][0]["details"]["sha256"], sha256(GOOD));
    let closed = service.report_in(ReportStatus::Approved).await;
    let about = judge(&service, preflight_form(closed, &sample("bad-too-short.mp4"))).await;
    assert_eq!(codes(&about), ["report_closed", "DURATION_OUT_OF_RANGE"]);
    // An unknown report and one of another company look alike.
    let fixture = &service.env.fixture;
    let nothing = forte_media::model::RefKey::mint(&fixture.clock, &fixture.random);
    problem(send_preflight(&service, preflight_form(nothing, GOOD)).await, 404, "not_found").await;
    let open = service.report().await;
    for (token, status, code) in [
        (service.foreign_driver().await, 404, "not_found"),
        (service.reviewer().await, 403, "forbidden"),
        ("none".to_owned(), 401, "token_invalid"),
    ] {
        let mut request = form::request(&service, "/uploads/preflight")
            .body(preflight_form(open, GOOD).done().into())
            .unwrap();
        let token = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", token);
        problem(service.send(request).await, status, code).await;
    }
}

async fn an_earlier_use_of_the_file_is_reported(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    assert_eq!(sent(&service, one, GOOD, None).await.status(), 204);
    let form = || preflight_form(other, GOOD).text("sha256", &sha256(GOOD));
    let about = judge(&service, form()).await;
    // With these settings it is only a note.
    assert_eq!(codes(&about), [""; 0]);
    assert_eq!(about["verdicts"][0]["test"], "reuse");
    assert_eq!(about["verdicts"][0]["outcome"], "fail");
    assert_eq!(about["verdicts"][0]["links"][0]["report_ref_key"], one.to_string());
    let about =
        judge(&service, preflight_form(other, MOOV_FIRST).text("sha256", &sha256(MOOV_FIRST)))
            .await;
    assert_eq!(about["verdicts"][0]["outcome"], "pass");
}

#[tokio::test]
async fn an_earlier_use_of_the_file_is_a_reason_if_the_setting_says_so() {
    let service = Service::embedded_with(&[("UPLOAD__REUSE", "refuse")]).await;
    let (one, other) = (service.report().await, service.report().await);
    assert_eq!(sent(&service, one, GOOD, None).await.status(), 204);
    let about = judge(&service, preflight_form(other, GOOD).text("sha256", &sha256(GOOD))).await;
    assert_eq!(codes(&about), ["video_reused"]);
    let links = about["reasons"][0]["details"]["links"].as_array().unwrap();
    assert_eq!(links[0]["report_ref_key"], one.to_string());
    let refused = sent(&service, other, GOOD, Some(&sha256(GOOD))).await;
    problem(refused, 422, "video_reused").await;
}

#[tokio::test]
async fn an_inspection_that_is_not_enforced_refuses_nothing_in_a_preflight() {
    let service = Service::embedded_with(&[("INSPECT__ENFORCE", "false")]).await;
    let file = sample("bad-too-short.mp4");
    let about = judge(&service, preflight_form(service.report().await, &file)).await;
    assert_eq!(codes(&about), [""; 0]);
    assert_eq!(about["notes"][0]["code"], "DURATION_OUT_OF_RANGE");
}

#[tokio::test]
async fn codec_length_and_container_are_reported_together() {
    let settings = [
        ("INSPECT__CODECS", "vp09"),
        ("INSPECT__MIN_DURATION", "10m"),
        ("INSPECT__QUICKTIME", "refuse"),
    ];
    let service = Service::embedded_with(&settings).await;
    let about =
        judge(&service, preflight_form(service.report().await, &sample("quicktime.mov"))).await;
    assert_eq!(codes(&about), ["QUICKTIME", "CODEC_UNSUPPORTED", "DURATION_OUT_OF_RANGE"]);
}

/// A preflight does not count as an upload.
#[tokio::test]
async fn a_director_can_request_a_preflight() {
    let service = Service::start_with(Backend::Embedded, Options::default()).await.unwrap();
    let fixture = &service.env.fixture;
    let (id, company) = (PersonId(4711), fixture.driver.company);
    let director = fixture.person(Person { id, company, role: Role::Admin }).await;
    let mut request = form::request(&service, "/uploads/preflight")
        .body(preflight_form(service.report().await, GOOD).done().into())
        .unwrap();
    let token = format!("Bearer {}", service.token_of(director)).parse().unwrap();
    request.headers_mut().insert("authorization", token);
    assert_eq!(service.send(request).await.status(), 200);
}

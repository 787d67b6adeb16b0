//! Uploads that end without a video: expired, or terminated by their owner.

use forte_media::model::{ReportStatus, UploadState};
use jiff::{SignedDuration, Timestamp};

use crate::harness::answers::{problem, tus_problem};
use crate::harness::bodies::held;
use crate::harness::clips::GOOD;
use crate::harness::rows::Rows;
use crate::harness::service::{Service, header, json, on_both_backends};
use crate::harness::tus::{self, by_owner, create, head, patch};

on_both_backends! {
    each_acknowledged_byte_postpones_the_expiry_up_to_a_limit,
    an_expired_upload_is_not_found_and_leaves_nothing,
    a_terminated_upload_leaves_nothing,
    an_upload_can_be_terminated_during_a_patch,
    a_stored_video_cannot_be_terminated,
    an_upload_ends_when_its_report_was_approved_meanwhile,
}

/// An IMF-fixdate, as RFC 9110, section 5.6.7 requires.
fn expires(answer: &axum::http::Response<axum::body::Body>) -> Timestamp {
    let text = header(answer, "upload-expires");
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).unwrap();
    assert_eq!(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(), text);
    at
}

fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

async fn each_acknowledged_byte_postpones_the_expiry_up_to_a_limit(service: Service) {
    let begun = service.clock().now();
    let report = service.report().await;
    let creation = tus::creation(&service, report, GOOD.len()).body(axum::body::Body::empty());
    let answer = service.send(creation.unwrap()).await;
    let path = tus::path_of(header(&answer, "location"));
    let day = SignedDuration::from_hours(24);
    assert_eq!(expires(&answer), seconds(begun + day));
    for days in 0..7 {
        service.manual_clock().set(begun + SignedDuration::from_hours(23 * days));
        let at = usize::try_from(days).unwrap();
        let answer = patch(&service, &path, at, &GOOD[at..=at]).await;
        assert_eq!(answer.status(), 204);
        let end = service.clock().now() + day;
        let last = begun + SignedDuration::from_hours(7 * 24);
        assert_eq!(expires(&answer), seconds(end.min(last)));
        assert_eq!(expires(&head(&service, &path).await), seconds(end.min(last)));
    }
}

/// 404, so that clients start again.
async fn an_expired_upload_is_not_found_and_leaves_nothing(service: Service) {
    let report = service.report().await;
    let path = create(&service, report, GOOD.len()).await;
    patch(&service, &path, 0, &GOOD[..100]).await;
    service.manual_clock().advance(SignedDuration::from_hours(24));
    for swept in [false, true] {
        if swept {
            assert_eq!(service.app.state.uploads.sweep().await.unwrap().expired, 1);
        }
        assert_eq!(head(&service, &path).await.status(), 404, "{swept}");
        tus_problem(patch(&service, &path, 100, &GOOD[100..]).await, 404, "not_found").await;
        tus_problem(by_owner(&service, "DELETE", &path).await, 404, "not_found").await;
    }
    assert_eq!(service.remaining_files().await, Vec::<String>::new());
    create(&service, report, GOOD.len()).await;
}

async fn a_terminated_upload_leaves_nothing(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    patch(&service, &path, 0, &GOOD[..10_000]).await;
    let answer = by_owner(&service, "DELETE", &path).await;
    assert_eq!(answer.status(), 204);
    let answer = head(&service, &path).await;
    assert_eq!(answer.status(), 410);
    assert!(!answer.headers().contains_key("upload-offset"));
    tus_problem(patch(&service, &path, 10_000, &GOOD[10_000..]).await, 410, "upload_ended").await;
    tus_problem(by_owner(&service, "DELETE", &path).await, 410, "upload_ended").await;
    let state = json(by_owner(&service, "GET", &path).await).await;
    assert_eq!(state["data"]["state"], UploadState::Terminated.as_str());
    service.assert_nothing_left().await;
}

async fn an_upload_can_be_terminated_during_a_patch(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let (body, taken) = held(&GOOD[..1000]);
    let (patched, ended) = tokio::join!(patch(&service, &path, 0, body), async {
        taken.await.unwrap();
        by_owner(&service, "DELETE", &path).await
    });
    assert_eq!(ended.status(), 204);
    tus_problem(patched, 423, "upload_locked").await;
    assert_eq!(head(&service, &path).await.status(), 410);
    service.assert_nothing_left().await;
}

/// It is evidence.
async fn a_stored_video_cannot_be_terminated(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    patch(&service, &path, 0, GOOD).await;
    let answer = by_owner(&service, "DELETE", &path).await;
    tus_problem(answer, 422, "report_already_submitted").await;
    assert_eq!(tus::offset(&service, &path).await, GOOD.len());
    let state = json(by_owner(&service, "GET", &path).await).await;
    assert_eq!(state["data"]["state"], "stored");
}

/// Not 409, which tus clients retry forever.
async fn an_upload_ends_when_its_report_was_approved_meanwhile(service: Service) {
    let report = service.report().await;
    let path = create(&service, report, GOOD.len()).await;
    service.database().set_report_status(report, ReportStatus::Approved).await.unwrap();
    tus_problem(patch(&service, &path, 0, GOOD).await, 422, "report_closed").await;
    assert_eq!(head(&service, &path).await.status(), 410);
    problem(patch(&service, &path, 0, GOOD).await, 410, "upload_ended").await;
    service.assert_nothing_left().await;
}

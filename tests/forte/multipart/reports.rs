//! Forms and the state of their report (Q32, Q33).

use axum::body::Body;
use forte_media::model::{Person, PersonId, RefKey, ReportStatus, Role};

use crate::harness::answers::problem;
use crate::harness::bodies::watched;
use crate::harness::clips::{GOOD, MOOV_FIRST};
use crate::harness::form::{self, Form, send};
use crate::harness::rows::Rows;
use crate::harness::service::{Service, json, on_both_backends};

on_both_backends! {
    a_video_is_stored_unchanged_and_answered_as_documented,
    the_same_bytes_again_are_the_same_submission,
    another_video_for_a_submitted_report_is_refused,
    a_rejected_report_takes_a_new_video,
    an_approved_report_takes_no_video,
    the_report_of_another_company_is_not_found,
    a_report_of_another_drivers_vehicle_is_not_found,
    a_reviewer_cannot_send_videos,
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

/// E9, Q33.
async fn a_video_is_stored_unchanged_and_answered_as_documented(service: Service) {
    let report = service.report().await;
    let answer = send(&service, Form::of(report).file(GOOD).done()).await;
    assert_eq!(answer.status(), 201);
    let answer = json(answer).await;
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["data"]["code"], 201);
    assert_eq!(answer["data"]["message"], "Report has been successfully saved.");
    assert_eq!(answer["data"]["sha256"], sha256(GOOD));
    assert_eq!(service.database().report(report).await.unwrap().unwrap().status.code(), 2);
    service.app.state.uploads.sweep().await.unwrap();
    let left = service.remaining_files().await;
    assert_eq!(left.len(), 1);
    assert!(left[0].contains(&sha256(GOOD)), "{left:?}");
    assert_eq!(service.deliver().await, 1);
}

/// Q32: a phone that did not receive the response repeats the request.
async fn the_same_bytes_again_are_the_same_submission(service: Service) {
    let report = service.report().await;
    let form = Form::of(report).file(GOOD).done();
    let first = json(send(&service, form.clone()).await).await;
    service.drain_and_sweep().await;
    let left = service.remaining_files().await;
    assert_eq!(service.deliver().await, 1);
    for _ in 0..2 {
        let again = send(&service, form.clone()).await;
        assert_eq!(again.status(), 201);
        assert_eq!(json(again).await, first);
        service.drain_and_sweep().await;
    }
    assert_eq!(service.deliver().await, 0);
    assert_eq!(service.remaining_files().await, left);
}

/// Q32.
async fn another_video_for_a_submitted_report_is_refused(service: Service) {
    let report = service.report().await;
    send(&service, Form::of(report).file(GOOD).done()).await;
    service.app.state.uploads.sweep().await.unwrap();
    let left = service.remaining_files().await;
    let answer = send(&service, Form::of(report).file(MOOV_FIRST).done()).await;
    let data = problem(answer, 409, "report_already_submitted").await;
    assert_eq!(data["details"]["sha256"], sha256(GOOD));
    service.app.state.uploads.sweep().await.unwrap();
    assert_eq!(service.remaining_files().await, left);
    assert_eq!(service.deliver().await, 1);
}

async fn a_rejected_report_takes_a_new_video(service: Service) {
    let report = service.report().await;
    send(&service, Form::of(report).file(GOOD).done()).await;
    service.database().set_report_status(report, ReportStatus::Rejected).await.unwrap();
    let answer = send(&service, Form::of(report).file(MOOV_FIRST).done()).await;
    assert_eq!(answer.status(), 201);
    let held = service.database().report(report).await.unwrap().unwrap();
    assert_eq!(held.status, ReportStatus::Submitted);
}

/// Q32, wherever the report's key is in the request.
async fn an_approved_report_takes_no_video(service: Service) {
    let report = service.report_in(ReportStatus::Approved).await;
    for form in early_and_late(report) {
        problem(send(&service, form.done()).await, 409, "report_closed").await;
    }
    service.assert_nothing_left().await;
}

async fn the_report_of_another_company_is_not_found(service: Service) {
    let report = service.report().await;
    let foreign = format!("Bearer {}", service.foreign_driver().await);
    for form in early_and_late(report) {
        let mut request =
            form::request(&service, "/reports/upload").body(form.done().into()).unwrap();
        request.headers_mut().insert("authorization", foreign.parse().unwrap());
        problem(service.send(request).await, 404, "not_found").await;
    }
    service.assert_nothing_left().await;
    assert_eq!(service.deliver().await, 0);
}

/// The form with the report's key before the file, and after it.
fn early_and_late(report: RefKey) -> [Form; 2] {
    let late = Form::new().file(GOOD).text("ref_key", &report.to_string());
    let late = late.text("time_sent", "2026-05-13 10:00:00").text("lat", "1").text("long", "2");
    [Form::of(report).file(GOOD), late]
}

/// Q37: a driver may send videos of assigned vehicles only.
async fn a_report_of_another_drivers_vehicle_is_not_found(service: Service) {
    let report = service.report().await;
    let vehicle = service.database().report(report).await.unwrap().unwrap().vehicle;
    service.env.fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    for form in early_and_late(report) {
        problem(send(&service, form.done()).await, 404, "not_found").await;
    }
    service.assert_nothing_left().await;
    service.env.fixture.assign(vehicle, None, "8 701 000 00 00").await;
    assert_eq!(send(&service, Form::of(report).file(GOOD).done()).await.status(), 201);
}

/// Otherwise reviewers could approve their own videos.
async fn a_reviewer_cannot_send_videos(service: Service) {
    let report = service.report().await;
    let fixture = &service.env.fixture;
    let reviewer = Person { id: PersonId(901), role: Role::Reviewer, ..fixture.driver };
    let token = format!("Bearer {}", service.token_of(fixture.person(reviewer).await));
    for form in early_and_late(report) {
        let mut request =
            form::request(&service, "/reports/upload").body(form.done().into()).unwrap();
        request.headers_mut().insert("authorization", token.parse().unwrap());
        problem(service.send(request).await, 403, "forbidden").await;
    }
    service.assert_nothing_left().await;
}

/// Q34: by the query or a header.
#[tokio::test]
async fn a_closed_report_is_refused_before_the_body_is_read() {
    let service = Service::embedded().await;
    let closed = service.report_in(ReportStatus::Approved).await;
    let unknown: RefKey = "0190f000-0000-7000-8000-000000000000".parse().unwrap();
    for (report, status) in [(closed, 409), (unknown, 404)] {
        let query = form::request(&service, &format!("/reports/upload?ref_key={report}"));
        let header =
            form::request(&service, "/reports/upload").header("X-Ref-Key", report.to_string());
        for request in [query, header] {
            let (body, mut asked) = watched();
            let answer = service.send(request.body(body).unwrap()).await;
            assert_eq!(answer.status(), status);
            assert!(asked.try_recv().is_err());
        }
    }
    let (body, mut asked) = watched();
    let request = form::request(&service, "/reports/upload?lat=95").body(body).unwrap();
    problem(service.send(request).await, 422, "validation_failed").await;
    assert!(asked.try_recv().is_err());
    let bare = axum::http::Request::post("/reports/upload").body(Body::empty()).unwrap();
    problem(service.send(bare).await, 401, "token_invalid").await;
}

//! The same video for another report: a note with links, or a refusal, depending on a setting.

use axum::body::Body;
use forte_media::database::Fingerprint;
use forte_media::model::{Digest, RefKey, ReportStatus};
use serde_json::{Value, json};

use super::{
    creation, other_pictures, outcome, recorded, second_driver, sent, sent_by, verdict, video_of,
};
use crate::harness::answers::problem;
use crate::harness::clips::{GOOD, MOOV_FIRST, NOT_MP4};
use crate::harness::form::{self, Form};
use crate::harness::rows::Rows;
use crate::harness::service::{Backend, Options, Service, on_both_backends};

on_both_backends! {
    a_video_of_another_report_is_accepted_and_linked,
    rewritten_tags_do_not_change_the_media_hash,
    a_report_that_no_longer_holds_the_video_yields_a_warning,
    a_video_of_another_company_is_never_mentioned,
    a_driver_learns_nothing_about_other_drivers_reports,
}

/// A service that refuses reused videos.
async fn refusing(backend: Backend) -> Option<Service> {
    let settings = vec![("UPLOAD__REUSE", "refuse".to_owned())];
    Box::pin(Service::start_with(backend, Options { settings, ..Options::default() })).await
}

async fn reuse_of(service: &Service, report: RefKey) -> Value {
    let reviewer = service.reviewer().await;
    verdict(&video_of(service, &reviewer, report).await["verdicts"], "reuse").clone()
}

async fn status(service: &Service, report: RefKey) -> ReportStatus {
    service.database().report(report).await.unwrap().unwrap().status
}

async fn a_video_of_another_report_is_accepted_and_linked(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    sent(&service, other, GOOD).await;
    let reviewer = service.reviewer().await;
    let first = video_of(&service, &reviewer, one).await["submission_id"].clone();
    let reuse = reuse_of(&service, other).await;
    assert_eq!(reuse["outcome"], "fail");
    let link = json!({
        "report_ref_key": one,
        "submission_id": first,
        "status_code": 2,
        "held": true,
        "same": "file",
    });
    assert_eq!(reuse["links"], json!([link]));
    assert_eq!(reuse_of(&service, one).await["outcome"], "pass", "it came first");
}

/// Only the tags were rewritten.
async fn rewritten_tags_do_not_change_the_media_hash(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    sent(&service, other, &recorded(&service, 60, None)).await;
    let reuse = reuse_of(&service, other).await;
    assert_eq!(reuse["outcome"], "fail");
    assert_eq!(reuse["links"][0]["report_ref_key"], json!(one));
    assert_eq!(reuse["links"][0]["same"], "media");
    let message = reuse["message"].as_str().unwrap();
    assert!(
        message.starts_with("the same recording, in another file, was sent once before"),
        "{message}"
    );
}

async fn a_report_that_no_longer_holds_the_video_yields_a_warning(service: Service) {
    let (one, other, third) =
        (service.report().await, service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    service.database().set_report_status(one, ReportStatus::Rejected).await.unwrap();
    sent(&service, other, GOOD).await;
    assert_eq!(reuse_of(&service, other).await["outcome"], "warn");
    // The rejected report gets its own video again (Q32), which counts from then on.
    sent(&service, one, GOOD).await;
    let again = reuse_of(&service, one).await;
    assert_eq!(
        (again["outcome"].as_str(), &again["links"][0]["report_ref_key"]),
        (Some("fail"), &json!(other))
    );
    for report in [one, other] {
        service.database().set_report_status(report, ReportStatus::Rejected).await.unwrap();
        sent(&service, report, &other_pictures(GOOD.to_vec(), 1 + u8::from(report == one))).await;
    }
    sent(&service, third, GOOD).await;
    let third = reuse_of(&service, third).await;
    assert_eq!(third["outcome"], "warn", "both hold another video by now: {third}");
    assert_eq!(third["links"].as_array().unwrap().len(), 3);
}

async fn a_video_of_another_company_is_never_mentioned(service: Service) {
    let report = service.report().await;
    sent(&service, report, GOOD).await;
    let fixture = &service.env.fixture;
    let other = fixture.foreign_driver().await;
    service.env.db.execute("UPDATE submissions SET company_id = 99").await;
    service.env.db.execute("UPDATE videos SET company_id = 99").await;
    service.env.db.execute("UPDATE fingerprints SET company_id = 99").await;
    let own = service.report().await;
    sent(&service, own, GOOD).await;
    let found = reuse_of(&service, own).await;
    assert_eq!((found["outcome"].as_str(), &found["links"]), (Some("pass"), &json!([])));
    let of = Fingerprint {
        company: other.company,
        ref_key: own,
        sha256: Digest::new(<sha2::Sha256 as sha2::Digest>::digest(GOOD).into()),
        media_sha256: None,
    };
    assert_eq!(
        service.database().earlier_uses(&of).await.unwrap().len(),
        1,
        "the other company sees its own use"
    );
}

/// Q37: only of reports of visible vehicles. A director and a reviewer see all uses.
async fn a_driver_learns_nothing_about_other_drivers_reports(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    let fixture = &service.env.fixture;
    let second = second_driver(&service).await;
    let vehicle = async |report| service.database().report(report).await.unwrap().unwrap().vehicle;
    sent(&service, one, GOOD).await;
    service.env.db.execute("UPDATE people SET mobile_digits = '77020000000' WHERE id = 154").await;
    fixture.assign(vehicle(one).await, None, "+7 701 000 00 00").await;
    fixture.assign(vehicle(other).await, None, "+7 702 000 00 00").await;
    let token = service.token_of(second);
    assert_eq!(sent_by(&service, &token, other, GOOD).await.status(), 204);
    let by_driver = video_of(&service, &token, other).await;
    let found = verdict(&by_driver["verdicts"], "reuse");
    assert_eq!(found["links"], json!([]));
    assert!(!by_driver.to_string().contains(&one.to_string()), "{by_driver}");
    let director = service.token_of(fixture.director().await);
    let by_director = video_of(&service, &director, other).await;
    let link = &verdict(&by_director["verdicts"], "reuse")["links"][0];
    assert_eq!(link["report_ref_key"], json!(one));
    // A driver of both vehicles sees the use.
    fixture.assign(vehicle(one).await, None, "+7 702 000 00 00").await;
    let by_driver = video_of(&service, &token, other).await;
    let found = verdict(&by_driver["verdicts"], "reuse");
    assert_eq!(found["links"][0]["report_ref_key"], json!(one));
}

/// With both protocols. The report stays open.
async fn a_video_that_another_report_holds_is_refused(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    let stored = service.stored_objects().await;
    let answer = sent_by(&service, &service.driver(), other, GOOD).await;
    let found = problem(answer, 422, "video_reused").await;
    assert_eq!(found["details"]["links"][0]["report_ref_key"], json!(one));
    let form = Form::of(other).file(GOOD).done();
    let found = problem(form::send(&service, form).await, 422, "video_reused").await;
    assert_eq!(found["details"]["links"][0]["held"], true);
    assert_eq!(status(&service, other).await, ReportStatus::AwaitingVideo);
    service.drain_and_sweep().await;
    assert_eq!(service.remaining_files().await, stored, "nothing is kept of it");
    // Another video is accepted; for its own report the same video is a repetition (Q32).
    sent(&service, other, &other_pictures(GOOD.to_vec(), 1)).await;
    let form = Form::of(one).file(GOOD).done();
    assert_eq!(form::send(&service, form).await.status(), 201);
}

/// New tags, or `moov` moved to the front.
async fn a_rewritten_recording_is_refused_as_well(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    for file in [recorded(&service, 60, Some("+51.1694+071.4491/")), MOOV_FIRST.to_vec()] {
        let answer = sent_by(&service, &service.driver(), other, &file).await;
        let found = problem(answer, 422, "video_reused").await;
        assert_eq!(found["details"]["links"][0]["report_ref_key"], json!(one));
        assert_eq!(found["details"]["links"][0]["same"], "media");
    }
    assert_eq!(status(&service, other).await, ReportStatus::AwaitingVideo);
}

/// An approved report holds its video, a rejected one does not.
async fn the_video_of_a_rejected_report_can_be_sent_for_another(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    service.database().set_report_status(one, ReportStatus::Approved).await.unwrap();
    let answer = sent_by(&service, &service.driver(), other, GOOD).await;
    problem(answer, 422, "video_reused").await;
    service.database().set_report_status(one, ReportStatus::Rejected).await.unwrap();
    sent(&service, other, GOOD).await;
    // Now the other report holds it.
    let answer = sent_by(&service, &service.driver(), one, GOOD).await;
    problem(answer, 422, "video_reused").await;
}

/// By the declared hash.
async fn a_declared_hash_is_refused_before_the_bytes(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(GOOD));
    let announced = [("sha256", sha256.as_str())];
    let request = creation(&service, &service.driver(), other, &announced)
        .header("Upload-Length", GOOD.len());
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    let found = problem(answer, 422, "video_reused").await;
    assert_eq!(found["details"]["links"][0]["report_ref_key"], json!(one));
    let (body, read) = crate::harness::bodies::watched();
    let request = form::request(&service, "/reports/upload")
        .header("X-Ref-Key", other.to_string())
        .header("X-Sha256", &sha256);
    problem(service.send(request.body(body).unwrap()).await, 422, "video_reused").await;
    drop(read);
}

async fn a_refusal_names_no_report_that_the_person_may_not_see(service: Service) {
    let (one, other) = (service.report().await, service.report().await);
    let fixture = &service.env.fixture;
    sent(&service, one, GOOD).await;
    let vehicle = service.database().report(other).await.unwrap().unwrap().vehicle;
    fixture.assign(vehicle, None, "+7 701 000 00 00").await;
    let answer = sent_by(&service, &service.driver(), other, GOOD).await;
    let found = problem(answer, 422, "video_reused").await;
    assert_eq!(found["details"], json!({ "links": [] }));
    assert!(!found.to_string().contains(&one.to_string()));
    let director = service.token_of(fixture.director().await);
    let answer = sent_by(&service, &director, other, GOOD).await;
    let found = problem(answer, 422, "video_reused").await;
    assert_eq!(found["details"]["links"][0]["report_ref_key"], json!(one));
}

async fn one_of_two_concurrent_finishes_is_refused(service: Service) {
    for round in 1..6 {
        let file = other_pictures(GOOD.to_vec(), round);
        let (one, other) = (service.report().await, service.report().await);
        let driver = service.driver();
        let (first, second) = tokio::join!(
            sent_by(&service, &driver, one, &file),
            sent_by(&service, &driver, other, &file)
        );
        let mut answers = [first.status().as_u16(), second.status().as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [204, 422]);
        let open = [status(&service, one).await, status(&service, other).await];
        assert_eq!(open.iter().filter(|status| status.is_open()).count(), 1);
    }
    // Objects of the refused uploads are removed.
    service.drain_and_sweep().await;
    assert_eq!(service.remaining_files().await.len(), 5);
}

/// Defines two tests of each function, with a service that refuses reused videos.
macro_rules! refusing_on_both_backends {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::harness::service::Backend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite_and_disk() {
                super::$name(super::refusing(Backend::Embedded).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql_and_s3() {
                if let Some(service) = super::refusing(Backend::Shared).await {
                    super::$name(service).await;
                }
            }
        }
    )*};
}

refusing_on_both_backends! {
    a_video_that_another_report_holds_is_refused,
    a_rewritten_recording_is_refused_as_well,
    the_video_of_a_rejected_report_can_be_sent_for_another,
    a_declared_hash_is_refused_before_the_bytes,
    a_refusal_names_no_report_that_the_person_may_not_see,
    one_of_two_concurrent_finishes_is_refused,
}

#[tokio::test]
async fn by_default_reuse_is_a_note() {
    let service = Service::embedded().await;
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, GOOD).await;
    sent(&service, other, GOOD).await;
    let reviewer = service.reviewer().await;
    let found = video_of(&service, &reviewer, other).await;
    assert_eq!(outcome(&found["verdicts"], "reuse"), "fail");
}

/// Files without media are accepted while the rules are not enforced.
#[tokio::test]
async fn files_without_media_are_not_the_same_recording() {
    let observing = [("INSPECT__ENFORCE", "false"), ("UPLOAD__REUSE", "refuse")];
    let service = Service::embedded_with(&observing).await;
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, NOT_MP4).await;
    sent(&service, other, &[NOT_MP4, b"another"].concat()).await;
    assert_eq!(reuse_of(&service, other).await["outcome"], "pass");
}

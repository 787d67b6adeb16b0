//! The same verdicts for every receiver: event, 1C, reviewer, driver.

use std::sync::atomic::{AtomicI32, Ordering};

use axum::body::Body;
use forte_media::model::{Faults, RefKey};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    creation, details, other_pictures, outcome, recorded, sent, sent_by, verdict, video_of,
    without_time,
};
use crate::harness::account::{self, NODE};
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::service::{self, Backend, Options, Service, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    an_honest_video_passes_and_all_receivers_get_the_same_verdicts,
    an_old_recording_from_elsewhere_is_accepted_with_failed_verdicts,
    the_usual_place_and_length_are_those_of_the_vehicles_videos,
    both_protocols_yield_the_same_verdicts,
    the_declared_time_of_a_recording_counts_where_the_file_states_none,
}

const DAY: i64 = 86_400;
const ALMATY: &str = "+43.2389+076.8897/";
const ASTANA: &str = "+51.1694+071.4491/";

/// The event of a report.
async fn event(service: &Service, report: RefKey) -> Value {
    let bodies = service.env.db.rows("SELECT body FROM outbox WHERE channel = 'webhook'").await;
    let events = bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap());
    let mut about = events.filter(|event| event["data"]["report_ref_key"] == report.to_string());
    about.next().unwrap()["data"].clone()
}

/// The submission of a report in 1C's queue.
async fn queued(service: &Service, report: RefKey) -> Value {
    let page = service::json(account::get(service, "/1c/v1/submissions").await).await;
    let submissions = page["submissions"].as_array().unwrap();
    let about = |one: &&Value| one["report_ref_key"] == report.to_string();
    submissions.iter().find(about).unwrap().clone()
}

/// The verdicts on a report's video, after checking that all receivers get the same.
async fn verdicts(service: &Service, report: RefKey) -> Value {
    let found = event(service, report).await["verdicts"].clone();
    let reviewer = service.reviewer().await;
    assert_eq!(video_of(service, &reviewer, report).await["verdicts"], found);
    if account::get(service, "/1c/v1/submissions").await.status() == 401 {
        account::add_node(service, NODE).await;
    }
    assert_eq!(queued(service, report).await["verdicts"], found);
    found
}

/// The names and outcomes of all verdicts.
fn outcomes(verdicts: &Value) -> Vec<(&str, &str)> {
    let all = verdicts.as_array().unwrap().iter();
    all.map(|one| (one["test"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect()
}

async fn an_honest_video_passes_and_all_receivers_get_the_same_verdicts(service: Service) {
    let report = service.report().await;
    // Zeros after the last box are a note of the inspection, not a verdict.
    let file = [recorded(&service, 60, Some(ALMATY)), vec![0; 16]].concat();
    sent(&service, report, &file).await;
    let found = verdicts(&service, report).await;
    assert_eq!(
        outcomes(&found),
        [
            ("recorded_at_sending", "pass"),
            ("recorded_at_receipt", "pass"),
            ("recorded_in_window", "warn"),
            ("recorded_place", "pass"),
            ("usual_place", "absent"),
            ("usual_length", "absent"),
            ("reuse", "pass"),
        ]
    );
    for verdict in found.as_array().unwrap() {
        assert!(!verdict["message"].as_str().unwrap().is_empty());
        assert_eq!(verdict["links"], json!([]));
    }
    let notes = event(&service, report).await["notes"].clone();
    assert_eq!(notes[0]["code"], "TRAILING_BYTES");
    let reviewer = service.reviewer().await;
    assert_eq!(video_of(&service, &reviewer, report).await["notes"], notes);
    let queued = queued(&service, report).await;
    assert_eq!(queued["notes"][0]["code"], "TRAILING_BYTES");
    assert_eq!(queued["notes"][0]["message"], notes[0]["message"]);
}

/// A verdict is never a refusal.
async fn an_old_recording_from_elsewhere_is_accepted_with_failed_verdicts(service: Service) {
    let report = service.report().await;
    sent(&service, report, &recorded(&service, 90 * DAY, Some(ASTANA))).await;
    let found = verdicts(&service, report).await;
    for test in ["recorded_at_sending", "recorded_at_receipt", "recorded_in_window"] {
        assert_eq!(outcome(&found, test), "fail");
    }
    let late = verdict(&found, "recorded_at_sending")["message"].as_str().unwrap();
    assert!(late.contains("recorded 89 d 23 h before it was sent"), "{late}");
    let place = verdict(&found, "recorded_place");
    assert_eq!(place["outcome"], "fail");
    assert_eq!(place["message"], "recorded 972 km from where it was sent");
    assert_eq!(service.database().report(report).await.unwrap().unwrap().status.code(), 2);
}

/// Of the vehicle's earlier videos, by any driver and for any report.
async fn the_usual_place_and_length_are_those_of_the_vehicles_videos(service: Service) {
    let first = service.report().await;
    sent(&service, first, &recorded(&service, 60, Some(ALMATY))).await;
    let db = &service.env.db;
    // In Astana, and a minute long. Each has other pictures, so that none is a reuse.
    db.execute(
        "INSERT INTO submissions (id, ref_key, company_id, person_id, video_id, filename, \
         time_sent_raw, time_sent_at, lat_e8, long_e8, received_at, turn, vehicle_guid, duration_ms) \
         SELECT 'other-' || n.value, 'other', company_id, person_id, 'video-' || n.value, \
         filename, time_sent_raw, time_sent_at, 5116939200, 7144907400, received_at, -n.value, \
         vehicle_guid, 60000 FROM submissions CROSS JOIN (SELECT 1 AS value UNION ALL SELECT 2 \
         UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5) AS n",
    )
    .await;
    db.execute("UPDATE submissions SET lat_e8 = 5116939200, long_e8 = 7144907400").await;
    let second = service.report().await;
    let same_vehicle =
        "UPDATE reports SET vehicle_guid = (SELECT vehicle_guid FROM submissions LIMIT 1)";
    db.execute(same_vehicle).await;
    sent(&service, second, &other_pictures(recorded(&service, 60, Some(ALMATY)), 1)).await;
    let found = event(&service, second).await["verdicts"].clone();
    let place = verdict(&found, "usual_place");
    assert_eq!(place["outcome"], "warn");
    assert_eq!(place["message"], "sent 972 km from the nearest of the vehicle's 6 earlier places");
    let length = verdict(&found, "usual_length");
    assert_eq!(length["outcome"], "fail");
    let message = "2.0 s long; the median of the vehicle's last 6 videos is 60.0 s";
    assert_eq!(length["message"], message);
}

async fn both_protocols_yield_the_same_verdicts(service: Service) {
    let file = recorded(&service, 8 * DAY, Some(ASTANA));
    let (one, other) = (service.report().await, service.report().await);
    sent(&service, one, &file).await;
    let form = details(&service, other)
        .iter()
        .fold(Form::new(), |form, (name, value)| form.text(name, value));
    let form = form.file(&other_pictures(file, 1)).done();
    assert_eq!(form::send(&service, form).await.status(), 201);
    let found = verdicts(&service, one).await;
    // Now there is an earlier video of the company, but none of the vehicle.
    assert_eq!(verdicts(&service, other).await, found);
    assert_eq!(outcome(&found, "recorded_at_receipt"), "fail");
}

#[tokio::test]
async fn thresholds_are_settings() {
    let settings = [
        ("PLAUSIBILITY__AGE_WARN", "4800h"),
        ("PLAUSIBILITY__AGE_FAIL", "9600h"),
        ("PLAUSIBILITY__PLACE_PASS", "100"),
        ("PLAUSIBILITY__PLACE_FAIL", "200"),
    ];
    let service = Service::embedded_with(&settings).await;
    let report = service.report().await;
    sent(&service, report, GOOD).await;
    let found = event(&service, report).await["verdicts"].clone();
    assert_eq!(outcome(&found, "recorded_at_sending"), "pass");
    assert_eq!(outcome(&found, "recorded_place"), "fail");
}

/// Of an older release.
#[tokio::test]
async fn a_submission_without_verdicts_has_an_empty_list() {
    let service = Service::embedded().await;
    let report = service.report().await;
    sent(&service, report, GOOD).await;
    service.env.db.execute("UPDATE submissions SET verdicts = ''").await;
    account::add_node(&service, NODE).await;
    let reviewer = service.reviewer().await;
    assert_eq!(video_of(&service, &reviewer, report).await["verdicts"], json!([]));
    assert_eq!(queued(&service, report).await["verdicts"], json!([]));
}

/// The transaction was committed, but its confirmation lost. The retry is not a reuse and sends no
/// second event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finish_whose_commit_was_not_confirmed_is_judged_once() {
    let left = AtomicI32::new(1);
    let lost =
        move |place| place == "upload.record.after" && left.fetch_sub(1, Ordering::SeqCst) == 1;
    let options = Options { faults: Faults::scripted(lost), ..Options::default() };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let report = service.report().await;
    let answer = sent_by(&service, &service.driver(), report, GOOD).await;
    assert!(answer.status().is_server_error(), "{}", answer.status());
    let before = event(&service, report).await;
    let form = Form::of(report).file(GOOD).done();
    assert_eq!(form::send(&service, form).await.status(), 201);
    assert_eq!(event(&service, report).await, before);
    assert_eq!(outcome(&verdicts(&service, report).await, "reuse"), "pass");
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM outbox").await, 1);
}

async fn the_declared_time_of_a_recording_counts_where_the_file_states_none(service: Service) {
    account::add_node(&service, NODE).await;
    let now = service.clock().now();
    let declared = (now - SignedDuration::from_hours(30)).to_string();
    let without_time = without_time(&service, ALMATY);
    let in_form = service.report().await;
    let form = Form::of(in_form).text("recorded_at", &declared).file(&without_time).done();
    assert_eq!(form::send(&service, form).await.status(), 201);
    let by_tus = service.report().await;
    send_declared(&service, by_tus, &declared, &without_time).await;
    for report in [in_form, by_tus] {
        let found = verdicts(&service, report).await;
        assert_eq!(outcome(&found, "recorded_at_receipt"), "warn");
        let message = verdict(&found, "recorded_at_receipt")["message"].as_str().unwrap();
        assert!(message.starts_with("according to the app, recorded 1 d 5 h"), "{message}");
        assert_eq!(event(&service, report).await["recorded_at"], declared);
        let driver = service.driver();
        assert_eq!(video_of(&service, &driver, report).await["recorded_at"], declared);
        assert_ne!(queued(&service, report).await["recorded_at"], "0001-01-01T00:00:00");
    }
    // The file knows better; what was declared is kept.
    let with_time = service.report().await;
    send_declared(&service, with_time, &declared, &recorded(&service, 60, Some(ALMATY))).await;
    assert_eq!(outcome(&verdicts(&service, with_time).await, "recorded_at_receipt"), "pass");
    let kept = format!("SELECT COUNT(*) FROM submissions WHERE recorded_raw = '{declared}'");
    assert_eq!(service.env.db.number(kept).await, 3);
    let unreadable = Form::of(service.report().await).text("recorded_at", "yesterday").file(GOOD);
    let refused = problem(form::send(&service, unreadable.done()).await, 422, "validation_failed");
    assert!(refused.await["details"].to_string().contains("recorded_at"));
}

/// Sends a video by tus, with a declared time of recording.
async fn send_declared(service: &Service, report: RefKey, declared: &str, file: &[u8]) {
    let request = creation(service, &service.driver(), report, &[("recorded_at", declared)]);
    let request = request.header("Upload-Length", file.len()).body(Body::empty()).unwrap();
    let created = service.send(request).await;
    let path = tus::path_of(service::header(&created, "location"));
    assert_eq!(tus::patch(service, &path, 0, file.to_vec()).await.status(), 204);
}

/// Verdicts contain distances only: more people may read them than the coordinates.
#[tokio::test]
async fn no_verdict_contains_coordinates() {
    let service = Service::embedded().await;
    let report = service.report().await;
    sent(&service, report, &recorded(&service, 60, Some(ASTANA))).await;
    let found = event(&service, report).await["verdicts"].to_string();
    for canary in ["43.2", "76.8", "51.1", "71.4"] {
        assert!(!found.contains(canary), "{found}");
    }
}

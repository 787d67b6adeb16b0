//! The queue of submissions (E12): 1C reads pages, fetches the videos, and acknowledges a cursor.

mod files;

use crate::harness::rows::Rows;
use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Response;
use forte_media::model::{RefKey, ReportStatus};
use forte_media::onec::Queue;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::harness::account::{self, NODE, PASSWORD, add_node, basic, get};
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;
use crate::harness::service::{self, Service, on_both_backends};
use crate::harness::tus;
use crate::journal::sequencer;

on_both_backends!(
    a_submission_has_all_documented_fields,
    the_queue_is_read_in_pages_and_acknowledged,
);
on_both_databases!(no_submission_appears_behind_the_cursor_of_a_reader,);

const PATH: &str = "/1c/v1/submissions";

/// A report with a submitted video.
pub(super) async fn submitted(service: &Service) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, GOOD.len()).await;
    assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
    report
}

/// Adds a node of 1C, and reports with submitted videos.
async fn with_submissions(service: &Service, count: usize) -> Vec<RefKey> {
    add_node(service, NODE).await;
    let mut reports = Vec::new();
    for _ in 0..count {
        service.env.fixture.manual_clock.advance(SignedDuration::from_secs(1));
        reports.push(submitted(service).await);
    }
    reports
}

async fn page(service: &Service, query: &str) -> Value {
    let answer = get(service, &format!("{PATH}{query}")).await;
    assert_eq!(answer.status(), 200);
    service::json(answer).await
}

fn reports(page: &Value) -> Vec<String> {
    let submissions = page["submissions"].as_array().unwrap();
    submissions.iter().map(|one| one["report_ref_key"].as_str().unwrap().to_owned()).collect()
}

async fn acknowledge(service: &Service, body: impl Into<Body>) -> Response<Body> {
    let request = account::request("POST", &format!("{PATH}/ack"));
    service.send(request.body(body.into()).unwrap()).await
}

/// E12: local dates, no null, Latin keys that do not start with a digit.
async fn a_submission_has_all_documented_fields(service: Service) {
    let report = with_submissions(&service, 1).await[0];
    let page = page(&service, "").await;
    assert_eq!(page["cursor"], 1);
    assert_eq!(page["more"], false);
    let submission = &page["submissions"][0];
    assert_eq!(submission["report_ref_key"], report.to_string());
    assert_eq!(submission["status_code"], 2);
    assert_eq!(submission["version"], 1);
    assert_eq!(submission["length"], GOOD.len());
    assert_eq!(submission["sha256"], hex::encode(<sha2::Sha256 as sha2::Digest>::digest(GOOD)));
    assert!(submission["duration_ms"].as_u64().unwrap() > 0);
    assert_eq!([&submission["lat"], &submission["long"]], [&json!(43.238_949), &json!(76.889_709)]);
    assert_eq!(submission["time_sent"], "2026-05-13T10:00:00");
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    let now = service.clock().now().to_zoned_datetime(zone);
    assert_eq!(submission["received_at"], now.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    assert!(submission["verdicts"].is_array());
    for (key, value) in submission.as_object().unwrap() {
        assert!(
            key.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
        );
        assert!(!key.starts_with(|c: char| c.is_ascii_digit()), "{key}");
        assert!(!value.is_null(), "{key}");
    }
    let id = submission["submission_id"].as_str().unwrap();
    let single = get(&service, &format!("{PATH}/{}", id.to_uppercase())).await;
    assert_eq!(&service::json(single).await, submission);
}

/// A response has no byte order mark.
#[tokio::test]
async fn an_unknown_date_is_the_empty_date_of_1c() {
    let service = Service::embedded().await;
    with_submissions(&service, 1).await;
    service
        .env
        .db
        .execute("UPDATE videos SET facts = REPLACE(facts, '\"created_at\":\"', '\"x\":\"')")
        .await;
    let answer = get(&service, PATH).await;
    let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    assert_eq!(bytes[0], b'{');
    let page: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(page["submissions"][0]["recorded_at"], "0001-01-01T00:00:00");
}

/// E12: delivery is at least once; each node has its own cursor, which never moves back.
async fn the_queue_is_read_in_pages_and_acknowledged(service: Service) {
    let expected: Vec<_> =
        with_submissions(&service, 3).await.iter().map(ToString::to_string).collect();
    add_node(&service, "other").await;
    let first = page(&service, "?limit=2").await;
    assert_eq!((&first["cursor"], &first["more"]), (&json!(2), &json!(true)));
    assert_eq!(reports(&first), expected[..2]);
    // Without an acknowledgement the same page is returned.
    assert_eq!(reports(&page(&service, "").await), expected);
    let second = page(&service, "?after=2&limit=2").await;
    assert_eq!((&second["cursor"], &second["more"]), (&json!(3), &json!(false)));
    assert_eq!(reports(&second), expected[2..]);
    let acknowledged = acknowledge(&service, r#"{"cursor":2}"#).await;
    assert_eq!(service::json(acknowledged).await, json!({"cursor": 2}));
    assert_eq!(reports(&page(&service, "").await), expected[2..]);
    // 1C was restored from a backup: its later acknowledgement stays valid.
    let acknowledged = acknowledge(&service, r#"{"cursor":1}"#).await;
    assert_eq!(service::json(acknowledged).await, json!({"cursor": 2}));
    assert_eq!(reports(&page(&service, "?after=0").await), expected);
    acknowledge(&service, r#"{"cursor":3}"#).await;
    let nothing = page(&service, "").await;
    let expected_page =
        json!({"cursor": 3, "more": false, "submissions": [], "refused_mailboxes": []});
    assert_eq!(nothing, expected_page);
    let others = axum::http::Request::get(PATH).header("Authorization", basic("other", PASSWORD));
    let others = service.send(others.body(Body::empty()).unwrap()).await;
    assert_eq!(reports(&service::json(others).await), expected);
}

#[tokio::test]
async fn an_acknowledgement_is_read_as_1c_writes_it() {
    let service = Service::embedded().await;
    with_submissions(&service, 1).await;
    page(&service, "").await;
    for good in ["\u{feff}{\"cursor\": 1}", r#"{"cursor":"1"}"#, r#"{"cursor":0,"other":null}"#] {
        assert_eq!(acknowledge(&service, good).await.status(), 200, "{good}");
    }
    for (bad, status) in [
        ("", 422),
        ("{", 400),
        ("[]", 400),
        (r#"{"cursor":{}}"#, 422),
        ("{}", 422),
        (r#"{"cursor":-1}"#, 422),
        (r#"{"cursor":1.5}"#, 422),
        (r#"{"cursor":true}"#, 422),
        (r#"{"cursor":99999999999999999999}"#, 422),
        // Beyond the last submission: it would skip future ones.
        (r#"{"cursor":2}"#, 422),
    ] {
        problem(acknowledge(&service, bad).await, status, "validation_failed").await;
    }
    let long = format!("{{\"cursor\":1,\"x\":\"{}\"}}", "y".repeat(200_000));
    problem(acknowledge(&service, long).await, 413, "body_too_large").await;
}

#[tokio::test]
async fn an_invalid_query_is_refused_and_the_page_size_is_limited() {
    let service = Service::embedded_with(&[("ONEC__MAX_PAGE", "2")]).await;
    with_submissions(&service, 3).await;
    assert_eq!(reports(&page(&service, "?limit=1000").await).len(), 2);
    for (query, status) in [
        ("?after=x", 400),
        ("?after=-1", 400),
        ("?limit=many", 400),
        ("?limit=0", 422),
        ("?after=4", 422),
        ("?after=18446744073709551615", 422),
    ] {
        let answer = get(&service, &format!("{PATH}{query}")).await;
        problem(answer, status, "validation_failed").await;
    }
    // Empty values mean none.
    assert_eq!(reports(&page(&service, "?after=&limit=").await).len(), 2);
    for id in ["0", "%ff", "018f6d0a-0000-7000-8000-000000000000"] {
        for path in [format!("{PATH}/{id}"), format!("{PATH}/{id}/file")] {
            problem(get(&service, &path).await, 404, "not_found").await;
        }
    }
}

/// A submission has the current status of its report.
#[tokio::test]
async fn a_decision_is_visible_in_the_queue() {
    let service = Service::embedded().await;
    let report = with_submissions(&service, 1).await[0];
    service.database().set_report_status(report, ReportStatus::Approved).await.unwrap();
    assert_eq!(page(&service, "").await["submissions"][0]["status_code"], 3);
}

/// Uploads finish concurrently while 1C reads from its cursor; at the end it has all of them.
async fn no_submission_appears_behind_the_cursor_of_a_reader(db: Db) {
    const COUNT: usize = 40;
    let fixture = Fixture::create(&db.database).await;
    let mut finishings = Vec::new();
    for _ in 0..COUNT {
        let report = fixture.report().await;
        finishings.push(fixture.finished_upload(fixture.driver, report).await);
    }
    let finishing = futures_util::future::join_all(finishings.iter().map(async |finishing| {
        db.database.finish(finishing).await.unwrap();
    }));
    let reading = async {
        let folder = tempfile::tempdir().unwrap();
        let nodes = [sequencer(&db, folder.path()).await, sequencer(&db, folder.path()).await];
        let queue = Queue::new(db.database.clone(), TimeZone::UTC, 7);
        let (mut cursor, mut seen) = (0, BTreeSet::new());
        while seen.len() < COUNT {
            let (page, first, second) = tokio::join!(
                queue.page("node", Some(cursor), 7),
                nodes[0].assign_turns(),
                nodes[1].assign_turns(),
            );
            first.unwrap();
            second.unwrap();
            let page = page.unwrap();
            seen.extend(page.submissions.iter().map(|one| one.report_ref_key));
            cursor = page.cursor;
            tokio::task::yield_now().await;
        }
        assert_eq!(cursor, 40);
    };
    let limit = std::time::Duration::from_mins(1);
    let (_, read) = tokio::join!(finishing, tokio::time::timeout(limit, reading));
    read.unwrap();
}

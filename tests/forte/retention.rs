//! Every table has a bound: what is deleted, when, and what does not grow.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::harness::answers::{problem, tus_problem};
use crate::harness::clips::GOOD;
use crate::harness::db::Db;
use crate::harness::phone::{Phone, UNKNOWN_BIIN};
use crate::harness::service::{Backend, Options, Service, header, on_both_backends};
use crate::harness::tus::{self, by_owner, create, head};
use crate::onec_queue::submitted;

on_both_backends! {
    an_ended_upload_keeps_nothing_of_what_the_phone_stated,
    the_row_of_an_ended_upload_is_deleted_after_a_month,
    repeated_views_within_ten_minutes_are_one_custody_entry,
    concurrent_views_are_one_custody_entry,
}

const STATED: &str = "SELECT COUNT(*) FROM uploads WHERE (metadata <> '' OR filename <> '' \
    OR time_sent_raw <> '' OR recorded_raw <> '' OR recorded_at <> 0 OR lat_e8 <> 0 OR long_e8 <> 0)";

async fn an_ended_upload_keeps_nothing_of_what_the_phone_stated(service: Service) {
    let db = &service.env.db;
    let ended = create(&service, service.report().await, GOOD.len()).await;
    create(&service, service.report().await, GOOD.len()).await;
    let report = submitted(&service).await;
    assert_eq!(by_owner(&service, "DELETE", &ended).await.status(), 204);
    service.drain_and_sweep().await;
    assert_eq!(
        db.number(STATED).await,
        2,
        "the living upload, and the stored one until it expires"
    );
    let ended = format!("{STATED} AND state <> 'open'");
    service.manual_clock().advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    service.app.state.uploads.sweep().await.unwrap();
    assert_eq!(db.number(&ended).await, 1, "HEAD repeats the metadata of the stored upload");
    service.manual_clock().advance(SignedDuration::from_secs(1));
    service.app.state.uploads.sweep().await.unwrap();
    assert_eq!(db.number(STATED).await, 0);
    let submitted = "SELECT COUNT(*) FROM submissions WHERE lat_e8 <> 0 AND filename <> ''";
    assert_eq!(db.number(submitted).await, 1, "{report}");
}

async fn the_row_of_an_ended_upload_is_deleted_after_a_month(service: Service) {
    let ended = create(&service, service.report().await, GOOD.len()).await;
    submitted(&service).await;
    by_owner(&service, "DELETE", &ended).await;
    service.drain_and_sweep().await;
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    service.manual_clock().advance(days(31) - SignedDuration::from_mins(1));
    // What an upload left is removed twice.
    service.app.state.uploads.sweep().await.unwrap();
    let rows = "SELECT COUNT(*) FROM uploads";
    assert_eq!(service.env.db.number(rows).await, 2);
    assert_eq!(head(&service, &ended).await.status(), 410);
    service.manual_clock().advance(SignedDuration::from_mins(2));
    service.app.state.uploads.sweep().await.unwrap();
    assert_eq!(service.env.db.number(rows).await, 0);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM videos").await, 1);
}

/// A request for the video of a report.
async fn view(service: &Service, method: &str, report: impl std::fmt::Display) -> Response<Body> {
    let request = Request::builder().method(method).uri(format!("/reports/{report}/video"));
    let request = request.header("Authorization", format!("Bearer {}", service.driver()));
    service.send(request.body(Body::empty()).unwrap()).await
}

const VIEWS: &str = "SELECT views FROM custody WHERE action = 'linked' ORDER BY at";

async fn repeated_views_within_ten_minutes_are_one_custody_entry(service: Service) {
    let report = submitted(&service).await;
    let db = &service.env.db;
    assert_eq!(view(&service, "HEAD", report).await.status(), 200);
    assert_eq!(db.rows(VIEWS).await, Vec::<String>::new());
    for _ in 0..3 {
        assert_eq!(view(&service, "GET", report).await.status(), 200);
    }
    service.manual_clock().advance(SignedDuration::from_mins(9));
    view(&service, "GET", report).await;
    assert_eq!(db.rows(VIEWS).await, ["4"]);
    service.manual_clock().advance(SignedDuration::from_mins(1));
    view(&service, "GET", report).await;
    assert_eq!(db.rows(VIEWS).await, ["4", "1"]);
}

async fn concurrent_views_are_one_custody_entry(service: Service) {
    let report = submitted(&service).await;
    futures_util::future::join_all((0..20).map(|_| view(&service, "GET", report))).await;
    assert_eq!(service.env.db.rows(VIEWS).await, ["20"]);
}

#[tokio::test]
async fn a_person_who_abandons_uploads_all_day_has_to_wait() {
    let service = Service::embedded_with(&[("UPLOAD__ABANDONED_PER_DAY", "3")]).await;
    submitted(&service).await;
    for _ in 0..3 {
        let path = create(&service, service.report().await, GOOD.len()).await;
        assert_eq!(by_owner(&service, "DELETE", &path).await.status(), 204);
        service.manual_clock().advance(SignedDuration::from_hours(1));
    }
    let report = service.report().await;
    let creation = || tus::creation(&service, report, GOOD.len()).body(Body::empty()).unwrap();
    let refused = service.send(creation()).await;
    let wait = header(&refused, "retry-after").parse().unwrap();
    tus_problem(refused, 429, "rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_secs(wait));
    assert_eq!(service.send(creation()).await.status(), 201);
}

/// Without a webhook, messages wait for one, but not for ever.
#[tokio::test]
async fn messages_without_a_receiver_are_deleted_after_half_a_year() {
    let service = Service::embedded_with(&[("NOTIFY__WEBHOOK__URL", "")]).await;
    submitted(&service).await;
    let (outbox, retention) = (&service.app.outbox, service.app.retention());
    let pending = "SELECT COUNT(*) FROM outbox WHERE state = 'pending'";
    service.manual_clock().advance(SignedDuration::from_hours(179 * 24));
    outbox.purge(&retention).await.unwrap();
    assert_eq!(service.env.db.number(pending).await, 1);
    service.manual_clock().advance(SignedDuration::from_hours(48));
    outbox.purge(&retention).await.unwrap();
    assert_eq!(service.env.db.number(pending).await, 0);
}

#[tokio::test]
async fn what_a_stranger_says_about_an_unknown_bin_is_not_kept() {
    let service = Service::embedded().await;
    Phone::driver().at(UNKNOWN_BIIN).request_code(&service).await;
    let kept = service.env.db.rows("SELECT fcm || mobile || first_name FROM challenges").await;
    assert_eq!(kept, [""]);
}

/// Each table of the schema is in the list of `ARCHITECTURE.md`.
#[tokio::test]
async fn every_table_is_documented_with_its_bound() {
    let page = include_str!("../../ARCHITECTURE.md");
    for table in Db::sqlite().await.tables().await {
        assert!(page.contains(&format!("| `{table}` |")), "{table} has no row in ARCHITECTURE.md");
    }
}

#[tokio::test]
async fn a_driver_of_another_company_leaves_no_custody_entry() {
    let service = Service::embedded().await;
    let report = submitted(&service).await;
    let token = service.foreign_driver().await;
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {token}"));
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    problem(answer, 404, "not_found").await;
    assert_eq!(service.env.db.rows(VIEWS).await, Vec::<String>::new());
}

/// Waits until a query counts nothing, while `task` runs. Its next round after a pause would come too late.
async fn deletes_all(service: &Service, counted: &str, task: impl Future<Output = ()>) {
    let gone = async {
        while service.env.db.number(counted).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(30), gone);
    tokio::select! {
        gone = gone => gone.unwrap_or_else(|_| panic!("some are left: {counted}")),
        () = task => panic!("the task has ended"),
    }
}

async fn with_batches_of_two(backend: Backend) -> Option<Service> {
    let settings = [
        ("AUTH__PURGE_BATCH", "2"),
        ("AUTH__LIMITS__PER_ADDRESS", "100"),
        ("UPLOAD__SWEEP_BATCH", "2"),
        ("UPLOAD__MAX_OPEN_PER_PERSON", "9"),
        ("LEASING__REVIEW__SETTLE_BATCH", "2"),
    ];
    let settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
    Service::start_with(backend, Options { settings, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_repeats_while_its_batch_was_full() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = with_batches_of_two(backend).await else { continue };
        for number in 0..5 {
            let phone = Phone::driver().with_uuid(&format!("device-{number}"));
            phone.request_code(&service).await;
            create(&service, service.report().await, GOOD.len()).await;
            let claim = format!(
                "INSERT INTO claims (ref_key, person_id, name, since, until) \
                 VALUES ('{number}', 1, '', 0, 1)"
            );
            service.env.db.execute(&claim).await;
        }
        service.deliver().await;
        service.manual_clock().advance(SignedDuration::from_hours(49));
        let (state, never) = (&service.app.state, CancellationToken::new);
        assert_eq!(state.review.purge().await.unwrap(), 5);
        let sign_ins = state.auth.clone().keep_purging(never());
        deletes_all(&service, "SELECT COUNT(*) FROM challenges", sign_ins).await;
        let outbox = Arc::clone(&service.app.outbox);
        let messages = outbox.run_purges(service.app.retention(), never());
        deletes_all(&service, "SELECT COUNT(*) FROM outbox", messages).await;
        let sweeps = || state.uploads.clone().run_sweeps(never());
        let open = "SELECT COUNT(*) FROM uploads WHERE state = 'open' OR metadata <> ''";
        deletes_all(&service, open, sweeps()).await;
        service.manual_clock().advance(SignedDuration::from_hours(32 * 24));
        deletes_all(&service, "SELECT COUNT(*) FROM uploads", sweeps()).await;
    }
}

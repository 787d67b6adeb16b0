//! Injected failures at every fault point.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use forte_media::model::Faults;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Duration, sleep};

use super::persistent_client::{resume_with_retries, send_with_retries};
use super::{assert_submitted, count_active, form_request};
use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Options, Service};
use crate::harness::tus;

/// The fault points of a submission.
const FAULT_POINTS: [&str; 12] = [
    "storage.spool.create",
    "storage.spool.write",
    "storage.spool.full",
    "storage.spool.sync",
    "storage.put_segment.before",
    "storage.put_segment.after",
    "upload.commit.before",
    "upload.commit.after",
    "upload.put.before",
    "storage.put_video.before",
    "storage.put_video.after",
    "upload.record.after",
];

/// Fails once, at the n-th fault point.
#[derive(Clone, Default)]
struct Tripwire(Arc<AtomicI64>);

impl Tripwire {
    fn options(&self) -> Options {
        let left = Arc::clone(&self.0);
        options(Faults::scripted(move |_| left.fetch_sub(1, Ordering::SeqCst) == 1))
    }

    fn arm(&self, at: i64) {
        self.0.store(at, Ordering::SeqCst);
    }

    fn has_fired(&self) -> bool {
        self.0.load(Ordering::SeqCst) <= 0
    }
}

/// Storing is not retried, so that tests need not wait.
fn options(faults: Faults) -> Options {
    Options { faults, settings: vec![("UPLOAD__FINISH_TRIES_FOR", "1ms".to_owned())] }
}

async fn an_upload_survives_any_single_failure(backend: Backend) {
    let tripwire = Tripwire::default();
    let Some(service) = Service::start_with(backend, tripwire.options()).await else { return };
    let mut count = 0;
    loop {
        count += 1;
        let report = service.report().await;
        tripwire.arm(count);
        send_with_retries(&service, report).await;
        if !tripwire.has_fired() {
            break;
        }
    }
    tripwire.arm(0);
    assert!(count > 10, "only {count} fault points were passed");
    assert_submitted(&service, usize::try_from(count).unwrap(), GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_survives_any_single_failure_on_sqlite_and_disk() {
    an_upload_survives_any_single_failure(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_survives_any_single_failure_on_postgresql_and_s3() {
    an_upload_survives_any_single_failure(Backend::Shared).await;
}

async fn a_form_can_be_repeated_after_any_single_failure(backend: Backend) {
    let tripwire = Tripwire::default();
    let Some(service) = Service::start_with(backend, tripwire.options()).await else { return };
    let mut count = 0;
    loop {
        count += 1;
        let report = service.report().await;
        tripwire.arm(count);
        let first = service.send(form_request(&service, report, GOOD)).await.status().as_u16();
        if first != 201 {
            assert!([500, 503, 507].contains(&first), "{first}");
            let again = service.send(form_request(&service, report, GOOD)).await;
            assert_eq!(again.status(), 201, "after a failure at {count}");
        }
        if !tripwire.has_fired() {
            break;
        }
    }
    tripwire.arm(0);
    assert!(count > 5, "only {count} fault points were passed");
    assert_none_active(&service).await;
    assert_submitted(&service, usize::try_from(count).unwrap(), GOOD).await;
}

/// A failed form ends immediately and does not count as open.
async fn assert_none_active(service: &Service) {
    for _ in 0..500 {
        if count_active(service).await == 0 {
            return;
        }
        // A dropped session is ended by a background task.
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{} uploads are active", count_active(service).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_can_be_repeated_after_any_single_failure_on_sqlite_and_disk() {
    a_form_can_be_repeated_after_any_single_failure(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_can_be_repeated_after_any_single_failure_on_postgresql_and_s3() {
    a_form_can_be_repeated_after_any_single_failure(Backend::Shared).await;
}

/// A fault point that fails until the failure is removed.
async fn a_permanent_failure_loses_nothing(backend: Backend) {
    let broken = Arc::new(Mutex::new(None));
    let script = Arc::clone(&broken);
    let faults = Faults::scripted(move |place| *script.lock().unwrap() == Some(place));
    let Some(service) = Service::start_with(backend, options(faults)).await else { return };
    for place in FAULT_POINTS {
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        *broken.lock().unwrap() = Some(place);
        for _ in 0..3 {
            let response = tus::head(&service, &path).await;
            assert_eq!(response.status(), 200, "{place}");
            let at: usize =
                crate::harness::service::header(&response, "upload-offset").parse().unwrap();
            if at < GOOD.len() {
                tus::patch(&service, &path, at, &GOOD[at..]).await;
            }
        }
        *broken.lock().unwrap() = None;
        resume_with_retries(&service, &path).await;
    }
    assert_submitted(&service, FAULT_POINTS.len(), GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_failure_loses_nothing_on_sqlite_and_disk() {
    a_permanent_failure_loses_nothing(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_failure_loses_nothing_on_postgresql_and_s3() {
    a_permanent_failure_loses_nothing(Backend::Shared).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_frees_unacknowledged_bytes_and_affects_no_other_upload() {
    let tripwire = Tripwire::default();
    let full = Arc::clone(&tripwire.0);
    let script =
        move |place| place == "storage.spool.full" && full.fetch_sub(1, Ordering::SeqCst) == 1;
    let options = options(Faults::scripted(script));
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let half = GOOD.len() / 2;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..half]).await.status(), 204);

    // The disk is full at the second chunk of the next body.
    tripwire.arm(2);
    let late = stream::iter(GOOD[half..].chunks(1000)).then(async |chunk| {
        // Chunks that are ready together would be written together.
        tokio::task::yield_now().await;
        std::io::Result::Ok(chunk)
    });
    let rest = Body::from_stream(late);
    let response = tus::patch(&service, &path, half, rest).await;
    assert_eq!(response.status(), 507);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(service.spooled_bytes(), half as u64);
    send_with_retries(&service, service.report().await).await;
    resume_with_retries(&service, &path).await;
    assert_submitted(&service, 2, GOOD).await;
}

/// The request could not release its lease, and the client does not return.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_lease_does_not_prevent_the_expiry() {
    let script = |place| ["storage.spool.write", "upload.lease.release"].contains(&place);
    let options = options(Faults::scripted(script));
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 503);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM uploads WHERE holder = ''").await, 0);
    assert_submitted(&service, 0, GOOD).await;
}

//! Bytes are acknowledged while a request runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::Faults;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use super::processes::{Phone, SHORT_TIMEOUTS, backend};
use super::{StalledClient, assert_submitted, form_request};
use crate::harness::bodies::{chunked, padded_pieces};
use crate::harness::clips::GOOD;
use crate::harness::process::Process;
use crate::harness::service::{Backend, Options, Service, TestEnv, header};
use crate::harness::tus;

const HALF: usize = GOOD.len() / 2;

/// Settings under which nearly every byte is acknowledged at once.
const AT_ONCE: [(&str, &str); 3] = [
    ("UPLOAD__FLUSH_BYTES", "1"),
    ("UPLOAD__SEGMENT_DELAY", "1ms"),
    ("UPLOAD__SEGMENT_MIN_BYTES", "1"),
];

async fn start(
    backend: Backend,
    settings: &[(&'static str, &str)],
    faults: Faults,
) -> Option<Service> {
    let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Box::pin(Service::start_with(backend, Options { settings, faults })).await
}

async fn embedded(settings: &[(&'static str, &str)], faults: Faults) -> Service {
    start(Backend::Embedded, settings, faults).await.unwrap()
}

/// Sends the first half of a clip in a request that then stalls.
async fn send_half(service: &Service, path: &str) -> (StalledClient, JoinHandle<Response<Body>>) {
    let (client, body) = StalledClient::new();
    let (router, request) = (service.router.clone(), tus::patch_request(path, 0, body));
    let running = TaskTracker::new()
        .spawn(async move { crate::harness::service::send(&router, request).await });
    client.send(&GOOD[..HALF]).await;
    (client, running)
}

async fn committed(env: &TestEnv) -> i64 {
    env.db.number("SELECT MAX(committed) FROM uploads").await
}

async fn wait_until_committed(env: &TestEnv, bytes: usize) {
    let waiting = async {
        while committed(env).await < i64::try_from(bytes).unwrap() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap();
}

/// Kills the process while a request runs, and returns the offset that `next` answers.
async fn offset_after_kill(
    env: &TestEnv,
    phone: &Phone,
    (first, next): (&str, &str),
) -> (String, Process, usize) {
    let settings = [&SHORT_TIMEOUTS[..], &AT_ONCE].concat();
    let mut process = Process::start(env, first, &settings).await;
    let report = env.fixture.report().await;
    let path = phone.create(process.address, report, GOOD.len()).await;
    let (stalled, body) = StalledClient::new();
    let body = reqwest::Body::wrap_stream(body.into_data_stream().boxed());
    let running = phone.patch(process.address, &path, 0).body(body).send();
    let killing = async {
        stalled.send(&GOOD[..HALF]).await;
        wait_until_committed(env, HALF).await;
        process.kill();
    };
    let (cut, ()) = tokio::join!(running, killing);
    assert!(cut.is_err(), "{cut:?}");
    let process = Process::start(env, next, &settings).await;
    let offset = async {
        loop {
            if let Some(offset) = phone.offset(process.address, &path).await {
                return offset;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let offset = timeout(Duration::from_secs(20), offset).await.unwrap();
    (path, process, offset)
}

async fn a_killed_process_keeps_what_its_request_has_acknowledged(
    (env, phone): (TestEnv, Phone),
    nodes: (&str, &str),
) {
    let (path, process, offset) = offset_after_kill(&env, &phone, nodes).await;
    assert_eq!(offset, HALF);
    let (_moved, at) = watch::channel(process.address);
    phone.send(at, &path, &GOOD.into()).await;
    drop(process);
    let service = Service::on(env, nodes.0, Options::default()).await;
    assert_submitted(&service, 1, GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_keeps_what_its_request_has_flushed() {
    let backend = backend(Backend::Embedded).await.unwrap();
    a_killed_process_keeps_what_its_request_has_acknowledged(backend, ("one", "one")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_continues_from_the_segments_of_a_running_request() {
    let Some(backend) = backend(Backend::Shared).await else { return };
    a_killed_process_keeps_what_its_request_has_acknowledged(backend, ("one", "two")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_request_is_acknowledged_after_an_interval() {
    let settings = [("UPLOAD__FLUSH_EVERY", "20ms")];
    let service = embedded(&settings, Faults::none()).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let (client, running) = send_half(&service, &path).await;
    wait_until_committed(&service.env, HALF).await;
    client.send(&GOOD[HALF..]).await;
    drop(client);
    assert_eq!(running.await.unwrap().status(), 204);
    assert_submitted(&service, 1, GOOD).await;
}

/// Until its video is stored, an upload shows an offset below its length.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_byte_is_acknowledged_only_with_the_video() {
    let service = embedded(&AT_ONCE, Faults::none()).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let (client, running) = send_half(&service, &path).await;
    client.send(&GOOD[HALF..]).await;
    assert_eq!(committed(&service.env).await, i64::try_from(GOOD.len()).unwrap() - 1);
    drop(client);
    assert_eq!(running.await.unwrap().status(), 204);
    assert_submitted(&service, 1, GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_on_when_an_acknowledgement_fails_for_now() {
    let (failed, has_failed) = oneshot::channel();
    let failed = Mutex::new(Some(failed));
    let faults = Faults::scripted(move |place| {
        let first = || failed.lock().unwrap().take();
        place == "storage.put_segment.before"
            && first().is_some_and(|sender| sender.send(()).is_ok())
    });
    let Some(service) = start(Backend::Shared, &AT_ONCE, faults).await else { return };
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let (client, running) = send_half(&service, &path).await;
    has_failed.await.unwrap();
    assert_eq!(committed(&service.env).await, 0);
    drop(client);
    assert_eq!(header(&running.await.unwrap(), "upload-offset"), HALF.to_string());
    assert_eq!(tus::patch(&service, &path, HALF, &GOOD[HALF..]).await.status(), 204);
    assert_submitted(&service, 1, GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_a_checksum_is_acknowledged_at_its_end() {
    let service = embedded(&AT_ONCE, Faults::none()).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let (client, body) = StalledClient::new();
    let digest = STANDARD.encode(Sha256::digest(&GOOD[..HALF]));
    let mut request = tus::patch_request(&path, 0, body);
    let checksum = format!("sha256 {digest}").parse().unwrap();
    request.headers_mut().insert("Upload-Checksum", checksum);
    let router = service.router.clone();
    let running = TaskTracker::new()
        .spawn(async move { crate::harness::service::send(&router, request).await });
    client.send(&GOOD[..HALF]).await;
    assert_eq!(committed(&service.env).await, 0);
    drop(client);
    assert_eq!(header(&running.await.unwrap(), "upload-offset"), HALF.to_string());
}

/// A form cannot be resumed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_acknowledged_at_its_end() {
    let commits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&commits);
    let faults = Faults::scripted(move |place| {
        if place == "upload.commit.before" {
            count.fetch_add(1, Ordering::SeqCst);
        }
        false
    });
    let service = embedded(&AT_ONCE, faults).await;
    let request = form_request(&service, service.report().await, GOOD);
    assert_eq!(service.send(request).await.status(), 201);
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

/// Stores charge for each object.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_writes_no_segment_in_its_first_seconds_and_few_later() {
    const LENGTH: usize = 10 * 1024 * 1024;
    for (delay, segments) in [("10s", 0), ("1ms", 2)] {
        let settings = [("UPLOAD__SEGMENT_DELAY", delay)];
        let faults = Faults::none();
        let Some(service) = start(Backend::Shared, &settings, faults).await else { return };
        let path = tus::create(&service, service.report().await, LENGTH).await;
        // Without its last byte.
        let bytes: Vec<_> = padded_pieces(LENGTH).flatten().take(LENGTH - 1).collect();
        let body = chunked(&bytes, 128 * 1024);
        assert_eq!(tus::patch(&service, &path, 0, body).await.status(), 204);
        let objects = service.stored_objects().await.len();
        assert_eq!(objects, segments + 1, "{delay}");
    }
}

/// Every call of the disk, the scanner and the hash has a cost.
#[tokio::test]
async fn tiny_chunks_that_are_ready_together_are_written_together() {
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    let faults = Faults::scripted(move |place| {
        if place == "storage.spool.write" {
            count.fetch_add(1, Ordering::SeqCst);
        }
        false
    });
    let service = embedded(&[], faults).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, chunked(GOOD, 1)).await.status(), 204);
    // The last byte is written by itself.
    let most = GOOD.len() / (64 * 1024) + 2;
    let writes = writes.load(Ordering::SeqCst);
    assert!(writes <= most, "{writes} writes, at most {most}");
}

/// A request of a few bytes must not make the server read the whole spool again.
#[tokio::test]
async fn surplus_bytes_do_not_cause_a_replay() {
    let replays = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&replays);
    let faults = Faults::scripted(move |place| {
        if place == "upload.replay.before" {
            count.fetch_add(1, Ordering::SeqCst);
        }
        false
    });
    let service = embedded(&[], faults).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let last = GOOD.len() - 1;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..last]).await.status(), 204);
    let before = replays.load(Ordering::SeqCst);
    for size in [1, 2, 3] {
        let body = chunked(&[GOOD[last], b'!', b'!'], size);
        assert_eq!(tus::patch(&service, &path, last, body).await.status(), 413);
    }
    assert_eq!(replays.load(Ordering::SeqCst), before);
    assert_eq!(tus::patch(&service, &path, last, &GOOD[last..]).await.status(), 204);
    assert_eq!(replays.load(Ordering::SeqCst), before);
}

/// Loses the first answers of the database at a place, and keeps what it has stored.
fn lost_answers(place: &'static str, count: usize) -> Faults {
    let left = AtomicUsize::new(count);
    let is_left =
        move || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    Faults::scripted(move |passed| passed == place && is_left().is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_acknowledgement_whose_answer_was_lost_costs_nothing() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let faults = lost_answers("upload.commit.answer", 1);
        let Some(service) = start(backend, &AT_ONCE, faults).await else { continue };
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        let (client, running) = send_half(&service, &path).await;
        wait_until_committed(&service.env, HALF).await;
        client.send(&GOOD[HALF..]).await;
        drop(client);
        assert_eq!(running.await.unwrap().status(), 204, "{backend:?}");
        assert_submitted(&service, 1, GOOD).await;
    }
}

/// The request fails after the lost answer: the file keeps what the database has acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_fails_after_a_lost_answer_can_be_continued_from_the_acknowledged_offset() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let is_full = Arc::new(Mutex::new(false));
        let faults = Faults::scripted({
            let (lost, is_full) = (AtomicUsize::new(0), Arc::clone(&is_full));
            move |place| match place {
                "upload.commit.answer" => lost.fetch_add(1, Ordering::SeqCst) == 0,
                "storage.spool.write" => *is_full.lock().unwrap(),
                _ => false,
            }
        });
        let Some(service) = start(backend, &AT_ONCE, faults).await else { continue };
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        let (client, running) = send_half(&service, &path).await;
        wait_until_committed(&service.env, HALF).await;
        *is_full.lock().unwrap() = true;
        client.0.send(Ok(GOOD[HALF..].into())).await.unwrap();
        let failed = running.await.unwrap().status().as_u16();
        assert!([500, 503, 507].contains(&failed), "{failed}");
        *is_full.lock().unwrap() = false;
        assert_eq!(tus::offset(&service, &path).await, HALF, "{backend:?}");
        let rest = tus::patch(&service, &path, HALF, &GOOD[HALF..]).await;
        assert_eq!(rest.status(), 204, "{backend:?}");
        assert_submitted(&service, 1, GOOD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finish_whose_answer_was_lost_is_looked_up() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let faults = lost_answers("upload.record.answer", 1);
        let Some(service) = start(backend, &[], faults).await else { continue };
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204, "{backend:?}");
        assert_submitted(&service, 1, GOOD).await;
    }
}

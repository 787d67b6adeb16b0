//! Two nodes with one PostgreSQL and one store, in one process.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use forte_media::model::Faults;
use jiff::SignedDuration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{StalledClient, assert_submitted};
use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Options, Service, header, send};
use crate::harness::tus;

const QUARTER: usize = GOOD.len() / 4;
const HALF: usize = GOOD.len() / 2;

/// A short wait for leases.
fn short_waits() -> Options {
    Options { settings: vec![("UPLOAD__RELEASE_WAIT", "100ms".to_owned())], ..Options::default() }
}

async fn head(node: &Router, path: &str) -> Response<Body> {
    send(node, tus::request("HEAD", path).body(Body::empty()).unwrap()).await
}

async fn patch(node: &Router, path: &str, offset: usize, bytes: &'static [u8]) -> u16 {
    send(node, tus::patch_request(path, offset, bytes)).await.status().as_u16()
}

/// Starts a PATCH to a node that stalls.
fn start_patch(
    node: &Router,
    path: &str,
    offset: usize,
) -> (StalledClient, JoinHandle<Response<Body>>) {
    let (phone, body) = StalledClient::new();
    let (node, request) = (node.clone(), tus::patch_request(path, offset, body));
    (phone, TaskTracker::new().spawn(async move { send(&node, request).await }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_a_dead_node_continues_elsewhere_and_late_writes_are_fenced() {
    let Some(first) = Service::start(Backend::Shared).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let other = second.router();
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    assert_eq!(patch(&first.router, &path, 0, &GOOD[..QUARTER]).await, 204);
    let (phone, stalled) = start_patch(&first.router, &path, QUARTER);
    phone.send(&GOOD[QUARTER..HALF]).await;

    // The first node sends no heartbeats and ignores release requests, as if it were suspended.
    second.state.uploads.locks().heartbeat().await.unwrap();
    assert_eq!(head(&other, &path).await.status(), 423);
    first.manual_clock().advance(SignedDuration::from_secs(11));
    second.state.uploads.locks().heartbeat().await.unwrap();
    let answer = head(&other, &path).await;
    assert_eq!(header(&answer, "upload-offset"), QUARTER.to_string());
    assert_eq!(patch(&other, &path, QUARTER, &GOOD[QUARTER..HALF + 7]).await, 204);

    // It resumes and tries to acknowledge what it has.
    drop(phone);
    assert_eq!(stalled.await.unwrap().status(), 423);
    let answer = head(&other, &path).await;
    assert_eq!(header(&answer, "upload-offset"), (HALF + 7).to_string());
    assert_eq!(patch(&other, &path, HALF + 7, &GOOD[HALF + 7..]).await, 204);
    assert_submitted(&first, 1, GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_can_alternate_between_nodes() {
    let Some(first) = Service::start(Backend::Shared).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let nodes = [first.router.clone(), second.router()];
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    let mut at = 0;
    for turn in 0.. {
        let next = GOOD.len().min(at + 1_999);
        assert_eq!(patch(&nodes[turn % 2], &path, at, &GOOD[at..next]).await, 204);
        at = next;
        if at == GOOD.len() {
            break;
        }
    }
    assert_submitted(&first, 1, GOOD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_stuck_on_one_node_continues_on_another() {
    let Some(first) = Service::start(Backend::Shared).await else { return };
    let (second, _) = first.second_node("two", Options::default()).await;
    let stop = CancellationToken::new();
    let listening = first.app.state.uploads.locks().run_release_requests(stop.clone());
    let listening = TaskTracker::new().spawn(listening);
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    let (phone, stalled) = start_patch(&first.router, &path, 0);
    phone.send(&GOOD[..HALF]).await;

    let answer = head(&second.router(), &path).await;
    assert_eq!(header(&answer, "upload-offset"), HALF.to_string());
    assert_eq!(stalled.await.unwrap().status(), 423);
    assert_eq!(patch(&second.router(), &path, HALF, &GOOD[HALF..]).await, 204);
    stop.cancel();
    listening.await.unwrap();
    assert_submitted(&first, 1, GOOD).await;
}

/// The database fails when a request releases its lease, which stays in the node's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_lease_is_released_when_another_node_asks() {
    let fails = Arc::new(AtomicBool::new(true));
    let script = Arc::clone(&fails);
    let faults = Faults::scripted(move |place| {
        place == "upload.lease.release" && script.load(Ordering::Relaxed)
            || place == "storage.spool.write" && script.load(Ordering::Relaxed)
    });
    let options = Options { faults, ..Options::default() };
    let Some(first) = Service::start_with(Backend::Shared, options).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    assert_eq!(patch(&first.router, &path, 0, GOOD).await, 503);
    fails.store(false, Ordering::Relaxed);

    assert_eq!(head(&second.router(), &path).await.status(), 423);
    first.app.state.uploads.locks().release_requested_leases().await.unwrap();
    assert_eq!(patch(&second.router(), &path, 0, GOOD).await, 204);
    assert_submitted(&first, 1, GOOD).await;
}

/// The database fails when a request releases its lease, which stays in the node's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_without_a_request_is_released_by_the_next_heartbeat() {
    let faults =
        Faults::scripted(|place| ["upload.lease.release", "storage.spool.write"].contains(&place));
    let options = Options { faults, ..Options::default() };
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(patch(&service.router, &path, 0, GOOD).await, 503);
    let held = "SELECT COUNT(*) FROM uploads WHERE holder <> ''";
    assert_eq!(service.env.db.number(held).await, 1);
    service.app.state.uploads.locks().heartbeat().await.unwrap();
    assert_eq!(service.env.db.number(held).await, 0);
}

/// Deletes or damages a segment in the store.
async fn lose_segment(service: &Service, path: &str, bytes: Range<usize>, damaged: bool) {
    let bucket = service.env.bucket.as_ref().unwrap();
    let name = format!("{}/{:010}-", tus::id_of(path), bytes.start);
    let stored = service.stored_objects().await;
    let key = format!("forte/{}", stored.iter().find(|key| key.contains(&name)).unwrap());
    let client = bucket.client();
    if damaged {
        let other = GOOD[bytes.start + 1..=bytes.end].to_vec().into();
        client.put_object().bucket(&bucket.name).key(key).body(other).send().await.unwrap();
    } else {
        client.delete_object().bucket(&bucket.name).key(key).send().await.unwrap();
    }
}

/// The phone continues from the end of the last good segment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_continues_before_a_lost_or_damaged_segment() {
    let Some(first) = Service::start(Backend::Shared).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let other = second.router();
    for damaged in [false, true] {
        let path = tus::create(&first, first.report().await, GOOD.len()).await;
        assert_eq!(patch(&first.router, &path, 0, &GOOD[..QUARTER]).await, 204);
        assert_eq!(patch(&first.router, &path, QUARTER, &GOOD[QUARTER..HALF]).await, 204);
        lose_segment(&first, &path, QUARTER..HALF, damaged).await;
        assert_eq!(patch(&other, &path, HALF, &GOOD[HALF..]).await, 409);
        assert_eq!(header(&head(&other, &path).await, "upload-offset"), QUARTER.to_string());
        assert_eq!(patch(&other, &path, QUARTER, &GOOD[QUARTER..]).await, 204);
    }
    assert_submitted(&first, 2, GOOD).await;
}

/// The first node has received the segment, and comes upon it again after another node has written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_spool_has_a_lost_segment_puts_it_again() {
    const THREE: usize = HALF + QUARTER;
    let Some(first) = Service::start(Backend::Shared).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let (third, _) = first.second_node("three", short_waits()).await;
    let (second, third) = (second.router(), third.router());
    for damaged in [false, true] {
        let path = tus::create(&first, first.report().await, GOOD.len()).await;
        assert_eq!(patch(&first.router, &path, 0, &GOOD[..QUARTER]).await, 204);
        assert_eq!(patch(&second, &path, QUARTER, &GOOD[QUARTER..HALF]).await, 204);
        lose_segment(&first, &path, 0..QUARTER, damaged).await;
        assert_eq!(patch(&first.router, &path, HALF, &GOOD[HALF..THREE]).await, 204);
        // This node has none of the bytes.
        assert_eq!(patch(&third, &path, THREE, &GOOD[THREE..]).await, 204);
    }
    assert_submitted(&first, 2, GOOD).await;
}

/// The node is suspended, declared dead, and resumes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_that_a_dead_node_was_storing_is_finished_once() {
    let (reached, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (reached_here, released) = (Arc::clone(&reached), Arc::clone(&release));
    let faults = Faults::scripted(move |place| {
        if place == "upload.put.after" {
            reached_here.add_permits(1);
            let wait = async { released.acquire().await.unwrap().forget() };
            tokio::task::block_in_place(|| Handle::current().block_on(wait));
        }
        false
    });
    let options = Options { faults, ..Options::default() };
    let Some(first) = Service::start_with(Backend::Shared, options).await else { return };
    let (second, _) = first.second_node("two", short_waits()).await;
    let other = second.router();
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    let (node, request) = (first.router.clone(), tus::patch_request(&path, 0, GOOD));
    let stopped = TaskTracker::new().spawn(async move { send(&node, request).await });
    reached.acquire().await.unwrap().forget();

    second.state.uploads.locks().heartbeat().await.unwrap();
    assert_eq!(head(&other, &path).await.status(), 423);
    first.manual_clock().advance(SignedDuration::from_secs(11));
    second.state.uploads.locks().heartbeat().await.unwrap();
    // Nothing was acknowledged, so everything is sent again.
    assert_eq!(patch(&other, &path, 0, GOOD).await, 204);
    release.add_permits(1);
    assert!([204, 423].contains(&stopped.await.unwrap().status().as_u16()));
    assert_submitted(&first, 1, GOOD).await;
}

/// As on one node: at the limit, a writer that has received nothing for 10 s makes room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_writer_is_silent_on_another_node_makes_room() {
    let settings = vec![("UPLOAD__MAX_OPEN_PER_PERSON", "1".to_owned())];
    let options = Options { settings, ..Options::default() };
    let Some(first) = Service::start_with(Backend::Shared, options.clone()).await else { return };
    let (second, _) = first.second_node("two", options).await;
    let stop = CancellationToken::new();
    let listening = second.state.uploads.locks().run_release_requests(stop.clone());
    let listening = TaskTracker::new().spawn(listening);
    let path = tus::create(&first, first.report().await, GOOD.len()).await;
    let (phone, stalled) = start_patch(&second.router(), &path, 0);
    phone.send(&GOOD[..HALF]).await;

    first.manual_clock().advance(SignedDuration::from_secs(4));
    assert_eq!(try_create(&first).await, 429, "it is receiving");
    first.manual_clock().advance(SignedDuration::from_secs(11));
    assert_eq!(try_create(&first).await, 201);
    assert_eq!(stalled.await.unwrap().status(), 423);
    assert_eq!(head(&first.router, &path).await.status(), 404);
    stop.cancel();
    listening.await.unwrap();
}

async fn try_create(service: &Service) -> u16 {
    let creation = tus::creation(service, service.report().await, GOOD.len());
    service.send(creation.body(Body::empty()).unwrap()).await.status().as_u16()
}

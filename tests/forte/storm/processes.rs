//! Real processes that are killed.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use forte_media::model::{Clock, Random, RefKey};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{StalledClient, assert_submitted, random_below};
use crate::harness::mp4::sample;
use crate::harness::process::Process;
use crate::harness::service::{Backend, Options, Service, TestEnv};
use crate::harness::tus;

/// Bytes per PATCH.
const PATCH_LENGTH: usize = 64 * 1024;
/// Bytes per chunk.
const CHUNK_LENGTH: usize = 8 * 1024;

/// A short time until a node counts as dead.
pub(super) const SHORT_TIMEOUTS: [(&str, &str); 3] = [
    ("UPLOAD__HEARTBEAT", "100ms"),
    ("UPLOAD__HOLDER_DEAD_AFTER", "1s"),
    ("UPLOAD__RELEASE_WAIT", "300ms"),
];

/// A backend for real processes, and a token.
pub(super) async fn backend(backend: Backend) -> Option<(TestEnv, Phone)> {
    let service = Service::start(backend).await?;
    // A real process uses the system clock.
    service.manual_clock().set(Clock::system().now());
    let phone = Phone { http: Client::builder().build().unwrap(), token: service.driver() };
    Some((service.crash().await, phone))
}

/// A client with real connections.
pub(super) struct Phone {
    pub(super) http: Client,
    pub(super) token: String,
}

impl Phone {
    fn request(&self, method: Method, address: SocketAddr, path: &str) -> RequestBuilder {
        let url = format!("http://{address}{path}");
        self.http.request(method, url).header("Tus-Resumable", "1.0.0")
    }

    pub(super) async fn create(
        &self,
        address: SocketAddr,
        report: RefKey,
        length: usize,
    ) -> String {
        let response = self
            .request(Method::POST, address, "/uploads")
            .bearer_auth(&self.token)
            .header("Upload-Length", length)
            .header("Upload-Metadata", tus::metadata(report))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        tus::path_of(response.headers()["location"].to_str().unwrap())
    }

    pub(super) fn patch(&self, address: SocketAddr, path: &str, offset: usize) -> RequestBuilder {
        self.request(Method::PATCH, address, path)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
    }

    /// The offset; `None` when it is not available now. The upload must not have ended.
    pub(super) async fn offset(&self, address: SocketAddr, path: &str) -> Option<usize> {
        let response = self.request(Method::HEAD, address, path).send().await.ok()?;
        let expected = [StatusCode::OK, StatusCode::LOCKED];
        assert!(expected.contains(&response.status()), "{response:?}");
        acknowledged(&response)
    }

    /// Sends everything with retries; checks that the offset never decreases.
    pub(super) async fn send(&self, at: watch::Receiver<SocketAddr>, path: &str, video: &Bytes) {
        let mut known = 0;
        loop {
            let address = *at.borrow();
            let Some(offset) = self.offset(address, path).await else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            assert!(offset >= known, "{offset} after {known}");
            known = offset;
            if offset == video.len() {
                return;
            }
            let part = video.slice(offset..video.len().min(offset + PATCH_LENGTH));
            let body = reqwest::Body::wrap_stream(slow_chunks(part));
            let sent = self.patch(address, path, offset).body(body).send().await;
            known = known.max(sent.ok().and_then(|answer| acknowledged(&answer)).unwrap_or(0));
        }
    }
}

/// A slow body.
fn slow_chunks(part: Bytes) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    stream::unfold(part, |mut left| async {
        sleep(Duration::from_millis(3)).await;
        let chunk = left.split_to(left.len().min(CHUNK_LENGTH));
        (!chunk.is_empty()).then_some((Ok(chunk), left))
    })
}

/// The offset of a successful response.
fn acknowledged(response: &Response) -> Option<usize> {
    let good = response.status().is_success();
    let offset = response.headers().get("upload-offset").filter(|_| good)?;
    Some(offset.to_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_random_loses_nothing_it_acknowledged() {
    let (env, phone) = backend(Backend::Embedded).await.unwrap();
    let video = Bytes::from(sample("inspection.mp4"));
    let mut process = Process::start(&env, "one", &SHORT_TIMEOUTS).await;
    let mut paths = Vec::new();
    for _ in 0..12 {
        let report = env.fixture.report().await;
        paths.push(phone.create(process.address, report, video.len()).await);
    }
    let (moved, at) = watch::channel(process.address);
    let killing = async {
        let random = Random::seeded(11);
        for _ in 0..8 {
            sleep(Duration::from_millis(30 + random_below(&random, 400) as u64)).await;
            process.kill();
            process = Process::start(&env, "one", &SHORT_TIMEOUTS).await;
            moved.send_replace(process.address);
        }
    };
    let sending = join_all(paths.iter().map(|path| phone.send(at.clone(), path, &video)));
    tokio::join!(killing, sending);
    process.kill();
    let service = Service::on(env, "one", Options::default()).await;
    assert_submitted(&service, paths.len(), &video).await;
}

/// The node had no chance to release its leases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_uploads_of_a_killed_node_are_finished_on_another() {
    let Some((env, phone)) = backend(Backend::Shared).await else { return };
    let video: &'static [u8] = crate::harness::clips::GOOD;
    let (mut first, second) = (
        Process::start(&env, "one", &SHORT_TIMEOUTS).await,
        Process::start(&env, "two", &SHORT_TIMEOUTS).await,
    );
    let report = env.fixture.report().await;
    let path = phone.create(first.address, report, video.len()).await;
    let quarter = video.len() / 4;
    let sent = phone.patch(first.address, &path, 0).body(&video[..quarter]).send().await.unwrap();
    assert_eq!(acknowledged(&sent), Some(quarter));

    let (stalled, body) = StalledClient::new();
    let body = reqwest::Body::wrap_stream(body.into_data_stream().boxed());
    let running = phone.patch(first.address, &path, quarter).body(body).send();
    let killing = async {
        stalled.send(&video[quarter..2 * quarter]).await;
        // The other node gets the lease only after the first one is declared dead.
        first.kill();
    };
    let (cut, ()) = tokio::join!(running, killing);
    assert!(cut.is_err(), "{cut:?}");
    let (_moved, at) = watch::channel(second.address);
    phone.send(at, &path, &Bytes::from_static(video)).await;
    drop(second);
    let service = Service::on(env, "one", Options::default()).await;
    assert_submitted(&service, 1, video).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_of_a_stored_video_is_counted_as_acknowledged() {
    let (env, phone) = backend(Backend::Embedded).await.unwrap();
    let process = Process::start(&env, "one", &[]).await;
    let video: &'static [u8] = crate::harness::clips::GOOD;
    let report = env.fixture.report().await;
    let path = phone.create(process.address, report, video.len()).await;
    let at = process.address;
    phone.patch(at, &path, 0).body(&video[..1000]).send().await.unwrap();
    phone.patch(at, &path, 1000).body(&video[1000..]).send().await.unwrap();
    let counted = process.counter(&phone.http, "forte_media_bytes_acknowledged_total").await;
    assert_eq!(counted, video.len() as u64);
}

//! Failure tests: cuts, races, crashes, unavailable backends. One function checks the invariants after
//! each: nothing acknowledged is lost, a report is submitted and sent once, nothing is left behind.

mod chaos;
mod cuts;
mod faults;
mod frozen_database;
mod full_disk;
mod nodes;
mod open_files;
mod persistent_client;
mod processes;
mod races;
mod running_requests;
mod state_machine;
mod unavailable_backends;

use std::io;

use axum::body::{Body, Bytes};
use axum::http::Request;
use forte_media::model::{Random, RefKey};
use futures_util::stream;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::harness::service::{Service, header};
use crate::harness::tus;

const BOUNDARY: &str = "a-boundary-of-these-tests";

/// A random number below `bound`.
fn random_below(random: &Random, bound: usize) -> usize {
    let number = u64::from_le_bytes(random.bytes());
    usize::try_from(number % bound as u64).unwrap()
}

/// A body in chunks of random size, complete or cut.
fn body(random: &Random, mut bytes: &'static [u8], breaks: bool) -> Body {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at(1 + random_below(random, bytes.len().min(4096)));
        chunks.push(Ok(Bytes::from_static(chunk)));
        bytes = rest;
    }
    if breaks {
        chunks.push(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
    }
    Body::from_stream(stream::iter(chunks))
}

/// A client that sends chunks on demand and stalls in between.
struct StalledClient(mpsc::Sender<io::Result<Bytes>>);

impl StalledClient {
    fn new() -> (Self, Body) {
        let (sender, receiver) = mpsc::channel(1);
        let chunks = stream::unfold(receiver, |mut receiver| async {
            // Chunks that are ready together would be written together.
            tokio::task::yield_now().await;
            Some((receiver.recv().await?, receiver))
        });
        (Self(sender), Body::from_stream(chunks))
    }

    /// Sends a chunk and returns when it has been written: one chunk is in the channel and one is being
    /// written, so the third is accepted after the first has been written.
    async fn send(&self, chunk: &'static [u8]) {
        for chunk in [chunk, b"", b""] {
            self.0.send(Ok(Bytes::from_static(chunk))).await.unwrap();
        }
    }
}

/// The offset of an upload.
async fn offset(service: &Service, path: &str) -> usize {
    let response = tus::head(service, path).await;
    assert_eq!(response.status(), 200);
    header(&response, "upload-offset").parse().unwrap()
}

/// The body of a form.
fn form(ref_key: RefKey, video: &[u8]) -> Vec<u8> {
    let ref_key = ref_key.to_string();
    let texts = [
        ("ref_key", ref_key.as_str()),
        ("time_sent", "2026-05-13 10:00:00"),
        ("lat", "43.238949"),
        ("long", "76.889709"),
    ];
    let part = "Content-Disposition: form-data; name=";
    let text = |(name, text)| format!("--{BOUNDARY}\r\n{part}\"{name}\"\r\n\r\n{text}\r\n");
    let texts = texts.map(text).concat();
    let file = format!("--{BOUNDARY}\r\n{part}\"file\"; filename=\"a.mp4\"\r\n\r\n");
    [texts.as_bytes(), file.as_bytes(), video, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()]
        .concat()
}

/// A request with a form.
fn form_request(service: &Service, ref_key: RefKey, video: &[u8]) -> Request<Body> {
    Request::post("/reports/upload")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(form(ref_key, video).into())
        .unwrap()
}

/// The number of uploads that have not ended.
async fn count_active(service: &Service) -> i64 {
    let sql = "SELECT COUNT(*) FROM uploads WHERE state IN ('open', 'finishing')";
    service.env.db.number(sql).await
}

/// The invariants: `count` reports are submitted, each once, each with one message and one object of
/// exactly these bytes, and nothing else is left when everything that is open has expired.
async fn assert_submitted(service: &Service, count: usize, bytes: &[u8]) {
    let db = &service.env.db;
    let expected = i64::try_from(count).unwrap();
    for sql in [
        "SELECT COUNT(*) FROM submissions",
        "SELECT COUNT(DISTINCT ref_key) FROM submissions",
        "SELECT COUNT(*) FROM videos",
        "SELECT COUNT(*) FROM outbox",
        "SELECT COUNT(*) FROM reports WHERE status_code = 2",
    ] {
        assert_eq!(db.number(sql).await, expected, "{sql}");
    }
    let negative = "SELECT COUNT(*) FROM uploads WHERE committed < 0";
    assert_eq!(db.number(negative).await, 0);
    service.manual_clock().advance(SignedDuration::from_hours(24 * 8));
    sweep_all(service).await;
    let left = service.remaining_files().await;
    let sha256 = hex::encode(Sha256::digest(bytes));
    assert_eq!(left.len(), count, "{left:?}");
    assert!(left.iter().all(|name| name.ends_with(&sha256)), "{left:?}");
    assert_eq!(count_active(service).await, 0);
}

async fn sweep_all(service: &Service) {
    while service.app.state.uploads.sweep().await.unwrap() != forte_media::upload::Swept::default()
    {
        // Cleared uploads are cleared a second time later.
        service.manual_clock().advance(SignedDuration::from_hours(1));
    }
}

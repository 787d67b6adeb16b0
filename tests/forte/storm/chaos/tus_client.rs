//! tus uploads: in pieces or in one request, some with the first bytes in their creation.

use axum::body::Bytes;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio_util::task::TaskTracker;

use crate::harness::tus;

use super::client::{Client, Response, Running, respond};
use super::history::{Answer, Observation};
use super::video::{Ending, body};

const KIB: usize = 1024;

/// An upload and how it is sent.
struct Upload {
    id: String,
    path: String,
    /// Bytes per PATCH.
    piece: usize,
}

/// The outcome of a creation that was answered.
enum Creation {
    Created(Upload),
    /// The report has this video already.
    Stored(Answer),
    Later,
}

enum Head {
    Offset(u64),
    Later,
    Gone,
}

impl Client {
    pub(super) async fn send_by_tus(&self, running: &Running) {
        let piece = [32, 128, 512, 64 * KIB][self.below(4)] * KIB;
        let with_body = self.below(3) == 0;
        loop {
            match self.create(running, piece, with_body).await {
                Creation::Created(upload) => {
                    if self.transfer(running, &upload).await {
                        return self.stored(running, Answer::default()).await;
                    }
                }
                Creation::Stored(answer) => return self.stored(running, answer).await,
                Creation::Later => {}
            }
            self.rest(200).await;
        }
    }

    async fn create(&self, running: &Running, piece: usize, with_body: bool) -> Creation {
        let (node, began) = (self.node(), self.storm.recorder.now());
        let bytes = &running.video.bytes;
        let mut request = tus_version(self.owner_request(Method::POST, node, "/uploads"))
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", tus::metadata(running.report));
        if with_body {
            let first = bytes.slice(..bytes.len().min(piece));
            let ending = self.ending(first.len());
            request = with_bytes(request, running, first, ending);
        }
        if let Some(response) = respond(request).await {
            return self.read_creation(running, &response, piece);
        }
        self.record(running, Observation::Broken { upload: None, node, began });
        Creation::Later
    }

    fn read_creation(&self, running: &Running, response: &Response, piece: usize) -> Creation {
        if let Some(location) = response.headers.get("location") {
            let path = tus::path_of(location.to_str().unwrap());
            let id = tus::id_of(&path).to_string();
            if let Some(offset) = response.offset() {
                let upload = id.clone();
                self.record(running, Observation::Acknowledged { upload, offset });
            }
            return Creation::Created(Upload { id, path, piece });
        }
        if response.text("/data/error").as_deref() == Some("report_already_submitted") {
            let sha256 = response.text("/data/details/sha256");
            return Creation::Stored(Answer { submission: None, sha256 });
        }
        self.check_status(running, "creation", response.status);
        Creation::Later
    }

    /// Sends an upload to its end. `false` if it is gone.
    async fn transfer(&self, running: &Running, upload: &Upload) -> bool {
        let mut known = None;
        loop {
            let offset = match known.take() {
                Some(offset) => offset,
                None => match self.head(running, upload).await {
                    Head::Offset(offset) => offset,
                    Head::Gone => return false,
                    Head::Later => {
                        self.rest(80).await;
                        continue;
                    }
                },
            };
            if offset == running.video.bytes.len() as u64 {
                return true;
            }
            known = self.append(running, upload, usize::try_from(offset).unwrap()).await;
        }
    }

    async fn head(&self, running: &Running, upload: &Upload) -> Head {
        let request = tus_version(self.request(Method::HEAD, self.node(), &upload.path));
        let Some(response) = respond(request).await else { return Head::Later };
        match (response.status, response.offset()) {
            (StatusCode::OK, Some(offset)) => {
                let upload = upload.id.clone();
                self.record(running, Observation::Head { upload, offset });
                return Head::Offset(offset);
            }
            (StatusCode::LOCKED, _) => return Head::Later,
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => {
                let status = response.status.as_u16();
                let request = "HEAD";
                self.record(running, Observation::NotRetryable { request, status });
                return Head::Gone;
            }
            (status, _) => {
                let status = status.as_u16();
                let request = "HEAD";
                self.record(running, Observation::NotRetryable { request, status });
            }
        }
        Head::Later
    }

    /// Sends some bytes, and returns the acknowledged offset. A connection that goes dead is left open while
    /// the client comes back on another one.
    async fn append(&self, running: &Running, upload: &Upload, offset: usize) -> Option<u64> {
        let (node, began) = (self.node(), self.storm.recorder.now());
        let bytes = &running.video.bytes;
        let part = bytes.slice(offset..bytes.len().min(offset + upload.piece));
        let ending = self.ending(part.len());
        let request = tus_version(self.request(Method::PATCH, node, &upload.path))
            .header("Upload-Offset", offset);
        let request = with_bytes(request, running, part, ending);
        if let Ending::Stall(_) = ending {
            TaskTracker::new().spawn(respond(request));
            self.rest(1_000).await;
            let id = Some(upload.id.clone());
            self.record(running, Observation::Broken { upload: id, node, began });
            return None;
        }
        let Some(response) = respond(request).await else {
            let id = Some(upload.id.clone());
            self.record(running, Observation::Broken { upload: id, node, began });
            return None;
        };
        if !response.status.is_success() {
            self.check_status(running, "PATCH", response.status);
            return None;
        }
        let offset = response.offset()?;
        self.record(running, Observation::Acknowledged { upload: upload.id.clone(), offset });
        Some(offset)
    }
}

fn tus_version(request: RequestBuilder) -> RequestBuilder {
    request.header("Tus-Resumable", "1.0.0")
}

fn with_bytes(
    request: RequestBuilder,
    running: &Running,
    bytes: Bytes,
    ending: Ending,
) -> RequestBuilder {
    request
        .header("Content-Type", "application/offset+octet-stream")
        .header(CONTENT_LENGTH, bytes.len())
        .timeout(Client::patience(running, bytes.len()))
        .body(body(bytes, running.pause, ending))
}

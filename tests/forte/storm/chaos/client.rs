//! A client of a storm: brings one video after the other, and retries each until it is stored.

use std::sync::Arc;
use std::time::Duration;

use forte_media::auth::Tokens;
use forte_media::model::{Person, Random, RefKey, ReportStatus};
use jiff::SignedDuration;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::harness::service::Service;
use crate::storm::random_below;

use super::cluster::Cluster;
use super::history::{Answer, Observation};
use super::recorder::{Number, Recorder};
use super::video::{Ending, Video};

/// How long a client waits for the answer to a small request.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// How long it waits for the answer to a body, beyond the time that the body takes.
const PATIENCE_FOR_BODY: Duration = Duration::from_secs(8);
const CHUNKS_PER_MIB: u32 = 64;

/// What all clients share.
pub(super) struct Storm {
    pub(super) cluster: Cluster,
    pub(super) recorder: Recorder,
    pub(super) tokens: Tokens,
    /// No client begins another video.
    pub(super) over: CancellationToken,
}

pub(super) struct Client {
    pub(super) storm: Arc<Storm>,
    pub(super) person: Person,
    pub(super) random: Random,
    pub(super) http: reqwest::Client,
}

/// A video on its way.
pub(super) struct Running {
    pub(super) number: Number,
    pub(super) report: RefKey,
    pub(super) video: Video,
    /// The pause after each chunk of a body.
    pub(super) pause: Duration,
}

/// A response that has been read completely.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Client {
    pub(super) async fn run(self) {
        while !self.storm.over.is_cancelled() {
            let running = self.begin().await;
            if self.below(4) == 0 {
                self.send_form(&running).await;
            } else {
                self.send_by_tus(&running).await;
            }
            self.rest(300).await;
        }
    }

    async fn begin(&self) -> Running {
        let fixture = &self.storm.cluster.env.fixture;
        let report = loop {
            match fixture.try_report_in(ReportStatus::AwaitingVideo).await {
                Ok(report) => break report,
                Err(_) => self.rest(500).await,
            }
        };
        let video = Video::new(&self.random);
        let number = self.storm.recorder.begin(report, &video);
        let pause = Duration::from_millis([0, 2, 10, 30][self.below(4)]);
        Running { number, report, video, pause }
    }

    /// Records that the client heard that its video is stored.
    pub(super) async fn stored(&self, running: &Running, answer: Answer) {
        let sql = "SELECT COUNT(*) FROM submissions WHERE ref_key = $1";
        let pool = self.storm.cluster.env.db.database.pool();
        let count: i64 = loop {
            let query = sqlx::query_scalar(sql).bind(running.report.to_string());
            match query.fetch_one(pool).await {
                Ok(count) => break count,
                Err(_) => self.rest(500).await,
            }
        };
        self.record(running, Observation::Stored { answer, is_committed: count > 0 });
    }

    pub(super) fn record(&self, running: &Running, what: Observation) {
        self.storm.recorder.record(running.number, what);
    }

    /// Records an answer that a client must not retry.
    pub(super) fn check_status(
        &self,
        running: &Running,
        request: &'static str,
        status: StatusCode,
    ) {
        if ![408, 409, 423, 460, 503, 507].contains(&status.as_u16()) {
            let status = status.as_u16();
            self.record(running, Observation::NotRetryable { request, status });
        }
    }

    pub(super) fn request(&self, method: Method, node: usize, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.storm.cluster.address(node));
        self.http.request(method, url).timeout(PATIENCE)
    }

    /// As [`Self::request`], with the owner's token.
    pub(super) fn owner_request(&self, method: Method, node: usize, path: &str) -> RequestBuilder {
        let subject = Service::subject(self.person);
        let token = self.storm.tokens.mint_access(&subject, SignedDuration::from_mins(5)).unwrap();
        self.request(method, node, path).bearer_auth(token)
    }

    /// How long to wait for the answer to a body of `length` bytes.
    pub(super) fn patience(running: &Running, length: usize) -> Duration {
        let mib = u32::try_from(length.div_ceil(1024 * 1024)).unwrap();
        PATIENCE_FOR_BODY + running.pause * CHUNKS_PER_MIB * mib * 2
    }

    /// Some bodies are cut, and some connections go dead.
    pub(super) fn ending(&self, length: usize) -> Ending {
        match self.below(8) {
            0 => Ending::Cut(self.below(length)),
            1 => Ending::Stall(self.below(length)),
            _ => Ending::Whole,
        }
    }

    pub(super) fn node(&self) -> usize {
        self.below(self.storm.cluster.nodes.len())
    }

    pub(super) fn below(&self, bound: usize) -> usize {
        random_below(&self.random, bound)
    }

    /// Waits for up to so many milliseconds.
    pub(super) async fn rest(&self, most: usize) {
        sleep(Duration::from_millis(10 + self.below(most) as u64)).await;
    }
}

/// Sends a request. `None`: it ended without a complete response.
pub(super) async fn respond(request: RequestBuilder) -> Option<Response> {
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.ok()?;
    Some(Response { status, headers, json: serde_json::from_slice(&body).unwrap_or_default() })
}

impl Response {
    pub(super) fn text(&self, path: &str) -> Option<String> {
        Some(self.json.pointer(path)?.as_str()?.to_owned())
    }

    /// The offset of an upload.
    pub(super) fn offset(&self) -> Option<u64> {
        self.headers.get("upload-offset")?.to_str().ok()?.parse().ok()
    }
}

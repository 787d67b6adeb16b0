//! Third-party clients against the service on a real port.

mod curl;
mod early_refusal;
mod graceful;
mod phones;
mod process;
mod raw_connection;
mod requests;
mod tus_js;
mod tuspy;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use forte_media::model::{Faults, RefKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::harness::service::{Backend, Options, Served, Service};

/// A sample clip as a phone writes it.
const INSPECTION: &[u8] = include_bytes!("../../samples/inspection.mp4");

/// A served service with a report that waits for a video, and a folder for the client.
struct Stage {
    served: Served,
    report: RefKey,
    token: String,
    folder: TempDir,
}

impl Stage {
    /// `None` if the backend is not available.
    async fn start(backend: Backend) -> Option<Self> {
        Self::start_with(backend, Vec::new()).await
    }

    async fn start_with(backend: Backend, settings: Vec<(&'static str, String)>) -> Option<Self> {
        let options = Options { settings, faults: Faults::none() };
        Some(Self::of(Service::start_with(backend, options).await?).await)
    }

    async fn of(service: Service) -> Self {
        let (report, token) = (service.report().await, service.driver());
        let folder = tempfile::tempdir().unwrap();
        Self { served: service.serve(), report, token, folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.served.address)
    }

    /// A file of the client.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The input of a client script.
    fn plan(&self, file: &Path) -> Value {
        json!({
            "endpoint": self.url("/uploads"),
            "token": self.token,
            "file": file,
            "metadata": {
                "ref_key": self.report,
                "time_sent": "2026-05-13 10:00:00",
                "lat": "43.238949",
                "long": "76.889709",
                "filename": "осмотр.mp4",
                "filetype": "video/mp4",
            },
        })
    }

    /// The report's video as a reviewer sees it.
    async fn video(&self) -> Value {
        let request = reqwest::Client::builder().build().unwrap();
        let request = request.get(self.url(&format!("/reports/{}/video", self.report)));
        let response = request.bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(response.status(), 200, "the report has no video");
        response.json::<Value>().await.unwrap()["data"].take()
    }

    /// Asserts that facts and playback link show exactly these bytes.
    async fn assert_stored(&self, bytes: &[u8]) {
        let video = self.video().await;
        assert_eq!(video["sha256"], hex::encode(Sha256::digest(bytes)));
        let watched = reqwest::get(video["link"].as_str().unwrap()).await.unwrap();
        assert!(watched.bytes().await.unwrap() == bytes, "the link shows other bytes");
    }
}

/// A running client script, which prints a JSON line per event.
struct Driver {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Runs a script of this folder.
    fn start(interpreter: &str, script: &str, plan: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forte/clients").join(script);
        let mut command = Command::new(interpreter);
        command.arg(script).arg(plan.to_string()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next event; `None` after the client has exited successfully.
    async fn next(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.unwrap();
        if line.is_none() {
            assert!(self.child.wait().await.unwrap().success(), "the client script failed");
        }
        line.map(|line| serde_json::from_str(&line).unwrap())
    }

    /// The remaining events; the last one is the outcome.
    async fn rest(mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(line) = self.next().await {
            rest.push(line);
        }
        rest
    }

    async fn end(self) -> Value {
        self.rest().await.pop().unwrap()
    }
}

/// A video of exactly `length` bytes: the clip, then a `free` box.
fn clip_of(length: usize) -> Vec<u8> {
    let mut clip = INSPECTION.to_vec();
    let free = u32::try_from(length - clip.len()).unwrap();
    clip.extend(free.to_be_bytes());
    clip.extend(b"free");
    clip.resize(length, 0x55);
    clip
}

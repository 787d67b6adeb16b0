//! The service as a process, with its own metrics and signals.

use std::process::Stdio;

use forte_media::model::{Clock, RefKey};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::TaskTracker;

use crate::harness::log;
use crate::harness::service::{Backend, Service, TestEnv};
use crate::harness::tus::metadata;

/// A process and its data.
pub(super) struct Process {
    child: Child,
    public: String,
    ops: String,
    pub(super) rest: Rest,
}

/// The data of a process.
pub(super) struct Rest {
    env: TestEnv,
    token: String,
    report: RefKey,
}

impl Process {
    /// On the embedded backend, with a report that waits for a video.
    pub(super) async fn start() -> Self {
        let service = Service::start(Backend::Embedded).await.unwrap();
        // The process uses the system clock.
        service.manual_clock().set(Clock::system().now());
        let (token, report) = (service.driver(), service.report().await);
        Self::on(Rest { env: service.crash().await, token, report }).await
    }

    /// Starts a process on the data of another.
    pub(super) async fn on(rest: Rest) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forte-media"));
        command.arg("serve").envs(rest.env.variables("one"));
        command.env("FORTE_MEDIA__LOG__FORMAT", "json");
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let serving = loop {
            let line = lines.next_line().await.unwrap().expect("it serves");
            log::append(format!("{line}\n").as_bytes());
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "serving" {
                break line;
            }
        };
        let address = |name: &str| serving[name].as_str().unwrap().to_owned();
        // Read to the end, so that the process does not block on its log.
        TaskTracker::new().spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log::append(format!("{line}\n").as_bytes());
            }
        });
        Self { child, public: address("public"), ops: address("ops"), rest }
    }

    /// The URL of the public listener.
    pub(super) fn address(&self) -> &str {
        &self.public
    }

    /// curl's arguments for a creation with a file as its body.
    pub(super) fn creation(&self, length: usize, file: &str) -> Vec<String> {
        let url = format!("http://{}/uploads", self.public);
        with_bytes(&self.rest.creation_headers(length), &url, file)
    }

    /// curl's arguments for a creation without a body.
    pub(super) fn empty_creation(&self, length: usize) -> Vec<String> {
        let headers = self.rest.creation_headers(length);
        let headers = headers.into_iter().flat_map(|header| ["-H".to_owned(), header]);
        let url = format!("http://{}/uploads", self.public);
        ["-X".to_owned(), "POST".to_owned(), url].into_iter().chain(headers).collect()
    }

    /// curl's arguments for the form with a file.
    pub(super) fn form(&self, file: &str) -> Vec<String> {
        let fields = super::curl::fields(self.rest.report, file);
        let fields = fields.into_iter().flat_map(|field| ["-F".to_owned(), field]);
        let bearer = format!("Authorization: Bearer {}", self.rest.token);
        let url = format!("http://{}/reports/upload", self.public);
        ["-H".to_owned(), bearer, url].into_iter().chain(fields).collect()
    }

    /// The received bytes, from the metrics.
    pub(super) async fn bytes_received(&self) -> u64 {
        let metrics = reqwest::get(format!("http://{}/metrics", self.ops)).await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let lines = metrics.lines();
        let lines = lines.filter(|line| line.starts_with("forte_media_bytes_received_total"));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }

    /// Sends SIGTERM and waits; the process must exit successfully.
    pub(super) async fn terminate(mut self) -> Rest {
        let id = self.child.id().unwrap().to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(signalled.success());
        assert!(self.child.wait().await.unwrap().success(), "it did not end cleanly");
        self.rest
    }
}

impl Rest {
    /// The headers of a creation of `length` bytes.
    pub(super) fn creation_headers(&self, length: usize) -> [String; 4] {
        headers(&self.token, self.report, length)
    }
}

/// The headers of a creation of `length` bytes.
pub(super) fn headers(token: &str, report: RefKey, length: usize) -> [String; 4] {
    [
        "Tus-Resumable: 1.0.0".to_owned(),
        format!("Authorization: Bearer {token}"),
        format!("Upload-Length: {length}"),
        format!("Upload-Metadata: {}", metadata(report)),
    ]
}

/// curl's arguments for a creation with a file as its body.
pub(super) fn with_bytes(headers: &[String], url: &str, file: &str) -> Vec<String> {
    let kind = "Content-Type: application/offset+octet-stream".to_owned();
    let headers = headers.iter().cloned().chain([kind]);
    let headers = headers.flat_map(|header| ["-H".to_owned(), header]);
    headers.chain(["--data-binary".to_owned(), format!("@{file}"), url.to_owned()]).collect()
}

/// curl's arguments for a PATCH at offset 0 with a file as its body.
pub(super) fn patch_arguments(url: &str, file: &str) -> Vec<String> {
    let headers = ["Tus-Resumable: 1.0.0".to_owned(), "Upload-Offset: 0".to_owned()];
    [["-X".to_owned(), "PATCH".to_owned()].to_vec(), with_bytes(&headers, url, file)].concat()
}

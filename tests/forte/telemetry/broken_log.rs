//! A log that cannot be written costs lines, never uploads.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use forte_media::model::{Clock, RefKey};
use reqwest::{Client, StatusCode};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::harness::service::{Backend, Service, TestEnv};
use crate::harness::tus::metadata;

/// More than a pipe holds, together with the log's queue.
const MANY_REQUESTS: usize = 3000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_work_while_the_log_is_on_a_full_disk() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut logging = LoggingTo::start(full.into()).await;
    logging.create_upload().await;
    logging.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_work_after_the_reader_of_the_log_has_gone() {
    let mut logging = LoggingTo::start(Stdio::piped()).await;
    drop(logging.child.stderr.take());
    logging.create_upload().await;
    logging.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_work_while_nobody_reads_the_log() {
    let mut logging = LoggingTo::start(Stdio::piped()).await;
    for _ in 0..MANY_REQUESTS {
        logging.http.get(logging.url("/nothing")).send().await.unwrap();
    }
    logging.create_upload().await;
    assert!(logging.lost_lines().await > 0, "the pipe still has room");
    logging.terminate().await;
}

/// A process whose standard error is given.
struct LoggingTo {
    child: Child,
    public: SocketAddr,
    ops: SocketAddr,
    http: Client,
    token: String,
    report: RefKey,
    _env: TestEnv,
}

impl LoggingTo {
    async fn start(stderr: Stdio) -> Self {
        let service = Service::start(Backend::Embedded).await.unwrap();
        // The process uses the system clock.
        service.manual_clock().set(Clock::system().now());
        let (token, report) = (service.driver(), service.report().await);
        let env = service.crash().await;
        let (public, ops) = (free_address(), free_address());
        let child = Command::new(env!("CARGO_BIN_EXE_forte-media"))
            .arg("serve")
            .envs(env.variables("one"))
            .env("FORTE_MEDIA__HTTP__LISTEN", public.to_string())
            .env("FORTE_MEDIA__OPS__LISTEN", ops.to_string())
            .env("FORTE_MEDIA__LOG__FILTER", "trace")
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let logging = Self { child, public, ops, http, token, report, _env: env };
        while logging.http.get(logging.url("/nothing")).send().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        logging
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.public)
    }

    async fn create_upload(&self) {
        let creation = self
            .http
            .post(self.url("/uploads"))
            .header("Tus-Resumable", "1.0.0")
            .bearer_auth(&self.token)
            .header("Upload-Length", "1000")
            .header("Upload-Metadata", metadata(self.report));
        assert_eq!(creation.send().await.unwrap().status(), StatusCode::CREATED);
    }

    async fn lost_lines(&self) -> u64 {
        let page = self.http.get(format!("http://{}/metrics", self.ops)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let line = page.lines().find(|line| line.starts_with("forte_media_log_lines_lost_total"));
        line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    async fn terminate(&mut self) {
        let id = self.child.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(self.child.wait().await.unwrap().success());
    }
}

/// An address that was free a moment ago: the log, which would name the real one, is not readable here.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

//! A process that has no free file descriptor.

use std::fs;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::StatusCode;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::assert_submitted;
use super::processes::backend;
use crate::harness::clips::GOOD;
use crate::harness::process::Process;
use crate::harness::service::{Backend, Options, Service};

const OPEN_FILES: usize = 100;
const OUT_OF_FILES: &str = "forte_media_out_of_files_total";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_get_503_while_no_file_can_be_opened() {
    let (env, phone) = backend(Backend::Embedded).await.unwrap();
    let process = Process::with_open_files(&env, "one", OPEN_FILES).await;
    let report = env.fixture.report().await;
    let path = phone.create(process.address, report, GOOD.len()).await;
    // Keeps a connection for later.
    process.counter(&phone.http, OUT_OF_FILES).await;

    let mut idle = Vec::new();
    while open_files(&process) < OPEN_FILES {
        idle.push(TcpStream::connect(process.address).await.unwrap());
        sleep(Duration::from_millis(2)).await;
    }
    let response = phone.patch(process.address, &path, 0).body(GOOD).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    drop(idle);

    let (_moved, at) = watch::channel(process.address);
    phone.send(at, &path, &Bytes::from_static(GOOD)).await;
    assert!(process.counter(&phone.http, OUT_OF_FILES).await > 0);
    drop(process);
    let service = Service::on(env, "one", Options::default()).await;
    assert_submitted(&service, 1, GOOD).await;
}

fn open_files(process: &Process) -> usize {
    fs::read_dir(format!("/proc/{}/fd", process.child.id())).unwrap().count()
}

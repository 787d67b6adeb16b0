//! A disk that is full, and has room again.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use axum::body::Bytes;
use futures_util::future::join_all;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use tokio::sync::watch;

use super::processes::backend;
use crate::harness::clips::GOOD;
use crate::harness::process::Process;
use crate::harness::service::Backend;

/// As many connections of the pool meet the full disk.
const UPLOADS: usize = 8;

const SETTINGS: [(&str, &str); 3] = [
    ("UPLOAD__MAX_OPEN_PER_PERSON", "20"),
    ("UPLOAD__FINISH_TRIES_FOR", "500ms"),
    ("UPLOAD__HEARTBEAT", "1s"),
];

/// `SQLite` ends a transaction itself when it cannot write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_full_disk_every_upload_is_finished_at_once() {
    let (env, phone) = backend(Backend::Embedded).await.unwrap();
    let mut reports = Vec::new();
    for _ in 0..2 * UPLOADS {
        reports.push(env.fixture.report().await);
    }
    let file = env.db.config.url.expose_secret().strip_prefix("sqlite://").unwrap();
    let folder = Path::new(file).parent().unwrap();
    let Some(process) = Process::on_small_disk(&env, folder, &SETTINGS).await else { return };
    let mut paths = Vec::new();
    for report in reports {
        paths.push(phone.create(process.address, report, GOOD.len()).await);
    }
    let (met, later) = paths.split_at(UPLOADS);

    let filler = process.file(&folder.join("filler"));
    fill(&filler);
    let patches = met.iter().map(|path| phone.patch(process.address, path, 0).body(GOOD).send());
    for response in join_all(patches).await {
        let status = response.unwrap().status();
        assert!(status.is_server_error() || status == StatusCode::LOCKED, "{status}");
    }
    fs::remove_file(&filler).unwrap();

    let patches = later.iter().map(|path| phone.patch(process.address, path, 0).body(GOOD).send());
    for response in join_all(patches).await {
        assert_eq!(response.unwrap().status(), StatusCode::NO_CONTENT);
    }
    let (_moved, at) = watch::channel(process.address);
    for path in met {
        phone.send(at.clone(), path, &Bytes::from_static(GOOD)).await;
    }
}

/// Writes a file until its disk is full.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

//! Reads database, store, spools and receiver after a storm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use forte_media::model::UploadId;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::s3::Bucket;
use crate::harness::service::TestEnv;

use super::dump::{Dump, Event, StoredObject, Submission};

/// Objects that are read at a time.
const READERS: usize = 8;

/// The uploads that somebody holds a lease of.
pub(super) async fn leases(env: &TestEnv) -> Vec<String> {
    env.db.rows("SELECT id FROM uploads WHERE holder <> ''").await
}

/// Everything that can be read without the processes.
pub(super) async fn read(env: &TestEnv) -> Dump {
    let open = "SELECT id FROM uploads WHERE state IN ('open', 'finishing')";
    Dump {
        reports: reports(env).await,
        submissions: submissions(env).await,
        open_uploads: env.db.rows(open).await,
        objects: objects(env).await.into_iter().filter(is_of_an_upload).collect(),
        spool: spool(env.folder.path()),
        events: events(env),
        ..Dump::default()
    }
}

async fn reports(env: &TestEnv) -> BTreeMap<String, i64> {
    let rows = env.db.rows("SELECT ref_key, status_code FROM reports").await;
    let pair = |row: &String| {
        let (report, status) = row.split_once('|').unwrap();
        (report.to_owned(), status.parse().unwrap())
    };
    rows.iter().map(pair).collect()
}

async fn submissions(env: &TestEnv) -> Vec<Submission> {
    let sql = "SELECT s.id, s.ref_key, COALESCE(v.upload_id, ''), COALESCE(v.sha256, ''), \
        COALESCE(v.length, 0), (SELECT COUNT(*) FROM custody c WHERE c.id = s.id \
        AND c.video_id = s.video_id) FROM submissions s LEFT JOIN videos v ON v.id = s.video_id";
    let submission = |row: &String| {
        let [id, report, upload, sha256, length, custody] =
            row.split('|').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        let length = length.parse().unwrap();
        Submission { id, report, upload, sha256, length, has_custody: custody == "1" }
    };
    env.db.rows(sql).await.iter().map(submission).collect()
}

/// The messages about submissions, each once.
fn events(env: &TestEnv) -> Vec<Event> {
    let received = env.receiver.received();
    let mut events = BTreeMap::new();
    for request in received.iter().filter(|request| request.signed) {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        if body["type"] == "report.submitted" {
            let submission = body["data"]["submission_id"].as_str().unwrap().to_owned();
            events.insert(request.id.to_string(), submission);
        }
    }
    events.into_iter().map(|(id, submission)| Event { id, submission }).collect()
}

async fn objects(env: &TestEnv) -> Vec<StoredObject> {
    if let Some(bucket) = &env.bucket {
        return objects_in(bucket).await;
    }
    let root = env.folder.path().join("videos");
    files_below(&root).iter().map(|path| file(&root, path)).collect()
}

/// The journal is not.
fn is_of_an_upload(object: &StoredObject) -> bool {
    !object.path.starts_with("meta/")
}

async fn objects_in(bucket: &Bucket) -> Vec<StoredObject> {
    let client = bucket.client();
    let mut pages =
        client.list_objects_v2().bucket(&bucket.name).prefix("forte/").into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let objects = page.unwrap().contents.unwrap_or_default();
        keys.extend(objects.into_iter().filter_map(|object| object.key));
    }
    let read = |key: String| {
        let get = client.get_object().bucket(&bucket.name).key(&key);
        async move {
            let bytes = get.send().await.unwrap().body.collect().await.unwrap().to_vec();
            object(key.trim_start_matches("forte/"), &bytes)
        }
    };
    stream::iter(keys).map(read).buffer_unordered(READERS).collect().await
}

fn file(root: &Path, path: &Path) -> StoredObject {
    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
    object(name, &fs::read(path).unwrap())
}

fn object(path: &str, bytes: &[u8]) -> StoredObject {
    let sha256 = hex::encode(Sha256::digest(bytes));
    StoredObject { path: path.to_owned(), sha256, length: bytes.len() as u64 }
}

/// The files of uploads in all spools.
fn spool(folder: &Path) -> Vec<String> {
    let is_upload = |name: &str| name.parse::<UploadId>().is_ok();
    files_below(folder)
        .iter()
        .map(|path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned())
        .filter(|path| path.starts_with("spool-"))
        .filter(|path| path.rsplit('/').next().is_some_and(is_upload))
        .collect()
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

//! tuspy with Python's requests, which sends a whole body before it reads the response.

use serde_json::{Value, json};

use super::{Driver, INSPECTION, Stage};
use crate::harness::external::env_var_or_skip;
use crate::harness::service::Backend;

/// A chunk size smaller than the clip.
const PIECE: usize = 500 * 1024;

/// The Python interpreter with tuspy.
pub(super) fn python() -> Option<String> {
    env_var_or_skip("FORTE_TEST_PYTHON", "tuspy as a real client")
}

pub(super) fn run(python: &str, plan: &Value) -> Driver {
    Driver::start(python, "tuspy.py", plan)
}

async fn sent_with(backend: Backend, options: Value) {
    let Some(python) = python() else { return };
    let Some(stage) = Stage::start(backend).await else { return };
    let mut plan = stage.plan(&stage.file("inspection.mp4", INSPECTION));
    plan["options"] = options;
    let end = run(&python, &plan).end().await;
    assert_eq!(end["end"], "success", "{end}");
    stage.assert_stored(INSPECTION).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_file_arrives_on_postgresql_and_s3() {
    sent_with(Backend::Shared, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_with_checksums_arrive_on_sqlite_and_disk() {
    sent_with(Backend::Embedded, json!({ "chunk_size": PIECE, "upload_checksum": true })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_with_checksums_arrive_on_postgresql_and_s3() {
    sent_with(Backend::Shared, json!({ "chunk_size": 100_000, "upload_checksum": true })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_closed_midway_resumes_with_its_stored_url() {
    let Some(python) = python() else { return };
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        let mut plan = stage.plan(&stage.file("inspection.mp4", INSPECTION));
        plan["memory"] = json!(stage.folder.path().join("urls.json"));
        plan["options"] = json!({ "chunk_size": PIECE });
        plan["stop_at"] = json!(PIECE);
        assert_eq!(run(&python, &plan).end().await["offset"], PIECE);

        plan["stop_at"] = Value::Null;
        let end = run(&python, &plan).end().await;
        assert_eq!((&end["end"], &end["began_at"]), (&json!("success"), &json!(PIECE)), "{end}");
        stage.assert_stored(INSPECTION).await;
    }
}

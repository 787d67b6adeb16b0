//! tus-js-client, which most apps use.

use forte_media::model::{NodeId, Random, UploadId};
use serde_json::{Value, json};

use super::{Driver, INSPECTION, Stage, clip_of};
use crate::harness::external::env_var_or_skip;
use crate::harness::service::Backend;

/// The chunk size of TUSKit and of many apps.
const PIECE: usize = 500 * 1024;
/// Large enough to close a client while it sends.
const LONG: usize = 16 << 20;

/// Whether tus-js-client is installed.
pub(super) fn is_available() -> bool {
    env_var_or_skip("FORTE_TEST_NODE_MODULES", "tus-js-client as a real client").is_some()
}

pub(super) fn run(plan: &Value) -> Driver {
    Driver::start("node", "tus_js.mjs", plan)
}

/// Sends the clip with these options; all responses.
async fn sent_with(backend: Backend, options: Value) -> Vec<Value> {
    let Some(stage) = Stage::start(backend).await else { return Vec::new() };
    let mut plan = stage.plan(&stage.file("inspection.mp4", INSPECTION));
    plan["options"] = options;
    let events = run(&plan).rest().await;
    assert_eq!(events.last().unwrap()["end"], "success", "{events:?}");
    stage.assert_stored(INSPECTION).await;
    events
}

fn methods(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|line| line["method"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_file_arrives_on_sqlite_and_disk() {
    if is_available() {
        let events = sent_with(Backend::Embedded, json!({})).await;
        assert_eq!(methods(&events), ["POST", "PATCH"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_of_500_kib_arrive_on_postgresql_and_s3() {
    if is_available() {
        sent_with(Backend::Shared, json!({ "chunkSize": PIECE })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_with_its_creation() {
    if is_available() {
        let options = json!({ "uploadDataDuringCreation": true });
        assert_eq!(methods(&sent_with(Backend::Embedded, options).await), ["POST"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_arrive_as_post_where_patch_is_blocked() {
    if is_available() {
        let options = json!({ "overridePatchMethod": true, "chunkSize": PIECE });
        assert_eq!(methods(&sent_with(Backend::Embedded, options).await), ["POST", "POST", "POST"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_closed_midway_resumes_with_its_stored_url() {
    if !is_available() {
        return;
    }
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        let clip = clip_of(LONG);
        let mut plan = stage.plan(&stage.file("long.mp4", &clip));
        plan["memory"] = json!(stage.file("urls.json", b"{}"));
        plan["abortAfter"] = json!(LONG / 2);
        assert_eq!(run(&plan).end().await["end"], "closed");

        plan["abortAfter"] = Value::Null;
        let events = run(&plan).rest().await;
        assert_eq!(events.last().unwrap()["end"], "success", "{events:?}");
        assert_eq!(methods(&events), ["HEAD", "PATCH"]);
        assert_ne!(events[0]["offset"], "0", "what had arrived was kept");
        stage.assert_stored(&clip).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_upload_is_a_success_when_retried() {
    if !is_available() {
        return;
    }
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    let mut plan = stage.plan(&stage.file("inspection.mp4", INSPECTION));
    let first = run(&plan).end().await;
    plan["uploadUrl"] = first["url"].clone();
    let events = run(&plan).rest().await;
    assert_eq!(methods(&events), ["HEAD"]);
    assert_eq!(events.last().unwrap()["end"], "success", "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_upload_is_retried_until_it_is_free() {
    if !is_available() {
        return;
    }
    let quick = vec![("UPLOAD__RELEASE_WAIT", "50ms".to_owned())];
    let stage = Stage::start_with(Backend::Embedded, quick).await.unwrap();
    let mut plan = stage.plan(&stage.file("inspection.mp4", INSPECTION));
    plan["options"] = json!({ "retryDelays": [10, 100, 300, 1000, 3000] });
    plan["uploadUrl"] = json!(created(&stage).await);

    let (database, fixture) = (&stage.served.env.db.database, &stage.served.env.fixture);
    let other = NodeId::mint(&fixture.clock, &Random::seeded(3));
    database.register_node(other, "another", fixture.now()).await.unwrap();
    let upload = id_of(plan["uploadUrl"].as_str().unwrap());
    let fence = database.acquire_lease(upload, 0, other).await.unwrap().unwrap();

    let mut client = run(&plan);
    assert_eq!(client.next().await.unwrap()["status"], 423);
    database.release_lease(upload, fence).await.unwrap();
    assert_eq!(client.end().await["end"], "success");
    stage.assert_stored(INSPECTION).await;
}

/// Creates an upload for the clip; its URL.
async fn created(stage: &Stage) -> String {
    let client = reqwest::Client::builder().build().unwrap();
    let response = client
        .post(stage.url("/uploads"))
        .bearer_auth(&stage.token)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", INSPECTION.len())
        .header("Upload-Metadata", crate::harness::tus::metadata(stage.report))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn id_of(url: &str) -> UploadId {
    let (_, name) = url.rsplit_once('/').unwrap();
    name.split_once('.').unwrap().0.parse().unwrap()
}

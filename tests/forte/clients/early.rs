//! A phone that sends a PDF called .mp4 is refused within the first 64 KiB of its body, and reads
//! the answer while it still sends (rule 11 of the house).

use serde_json::{Value, json};

use super::curl::curl;
use super::process::Process;
use super::{Stage, tus_js, tuspy};
use crate::harness::outside::wanted;
use crate::harness::service::Ground;

/// The longest video there may be.
const LENGTH: usize = 64 << 20;
/// How much is looked at before a file is certainly no MP4.
const OPENING: u64 = 64 * 1024;
/// The largest piece of a body that is read at once: `http.read_buffer`.
const ONE_READ: u64 = 65_536;

/// A document that is as long as a video may be.
fn document() -> Vec<u8> {
    let mut document = b"%PDF-1.7\n".to_vec();
    document.resize(LENGTH, b'x');
    document
}

async fn stage() -> (Stage, Value) {
    let stage = Stage::set(Ground::Embedded).await.unwrap();
    let plan = stage.plan(&stage.file("document.mp4", &document()));
    (stage, plan)
}

/// The answer says what is wrong, and that it was found out early.
fn is_a_refusal(status: &Value, body: &Value) {
    assert_eq!(status, 415, "{body}");
    assert_eq!(body["data"]["error"], "not_mp4");
    assert!(body["data"]["details"]["judged_after"].as_u64().unwrap() <= OPENING, "{body}");
}

/// A client that came back with an answer, not with trouble on the line.
fn was_refused(end: &Value) {
    assert_eq!(end["end"], "error", "{end}");
    is_a_refusal(&end["status"], &serde_json::from_str(end["body"].as_str().unwrap()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_hears_of_it_in_a_patch_and_in_a_creation() {
    if !tus_js::is_here() {
        return;
    }
    for in_creation in [false, true] {
        let (_stage, mut plan) = stage().await;
        plan["options"] = json!({ "uploadDataDuringCreation": in_creation });
        was_refused(&tus_js::run(&plan).end().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_hears_of_it() {
    let Some(python) = wanted("FORTE_TEST_PYTHON", "tuspy as a real client") else { return };
    let (_stage, plan) = stage().await;
    was_refused(&tuspy::run(&python, &plan).end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_hears_of_it_in_a_form_and_in_a_creation() {
    if !super::curl::is_here() {
        return;
    }
    let (stage, _) = stage().await;
    let heard = stage.form(&stage.fields("document.mp4")).await;
    is_a_refusal(&json!(heard.status), &heard.json());
    assert_eq!(heard.exit, 0);
    let heard = curl(stage.folder.path(), &stage.creation(LENGTH, "document.mp4")).await;
    is_a_refusal(&json!(heard.status), &heard.json());
    assert_eq!((heard.exit, heard.header("upload-offset")), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn hardly_more_than_the_opening_is_taken_from_the_line() {
    if !super::curl::is_here() {
        return;
    }
    let process = Process::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("document.mp4"), document()).unwrap();
    let heard = curl(folder.path(), &process.creation(LENGTH, "document.mp4")).await;
    is_a_refusal(&json!(heard.status), &heard.json());
    let taken = process.bytes_received().await;
    assert!(taken <= OPENING + ONE_READ, "{taken} bytes were taken");
    process.terminate().await;
}

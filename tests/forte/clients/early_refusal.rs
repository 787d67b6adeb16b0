//! A client that sends a PDF as .mp4 is refused within the first 64 KiB of its body, and reads the
//! response while it is still sending.

use std::path::Path;

use serde_json::{Value, json};

use super::curl::{CurlResponse, curl};
use super::process::{Process, patch_arguments};
use super::{Stage, tus_js, tuspy};
use crate::harness::external::env_var_or_skip;
use crate::harness::service::Backend;

/// The length of the longest video.
const LENGTH: usize = 64 << 20;
/// How much of a file is read before it is refused.
const READ_LIMIT: u64 = 64 * 1024;
/// `http.read_buffer`.
const ONE_READ: u64 = 65_536;

/// A document as long as the longest video.
fn document() -> Vec<u8> {
    let mut document = b"%PDF-1.7\n".to_vec();
    document.resize(LENGTH, b'x');
    document
}

async fn stage() -> (Stage, Value) {
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    let plan = stage.plan(&stage.file("document.mp4", &document()));
    (stage, plan)
}

/// The response names the problem and was sent early.
fn is_a_refusal(status: &Value, body: &Value) {
    assert_eq!(status, 415, "{body}");
    assert_eq!(body["data"]["error"], "not_mp4");
    assert!(body["data"]["details"]["judged_after"].as_u64().unwrap() <= READ_LIMIT, "{body}");
}

/// The client got a response instead of a connection error.
fn was_refused(end: &Value) {
    assert_eq!(end["end"], "error", "{end}");
    is_a_refusal(&end["status"], &serde_json::from_str(end["body"].as_str().unwrap()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_reads_an_early_refusal_of_a_patch_and_a_creation() {
    if !tus_js::is_available() {
        return;
    }
    for in_creation in [false, true] {
        let (_stage, mut plan) = stage().await;
        plan["options"] = json!({ "uploadDataDuringCreation": in_creation });
        was_refused(&tus_js::run(&plan).end().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_reads_an_early_refusal() {
    let Some(python) = env_var_or_skip("FORTE_TEST_PYTHON", "tuspy as a real client") else {
        return;
    };
    let (_stage, plan) = stage().await;
    was_refused(&tuspy::run(&python, &plan).end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reads_an_early_refusal_of_a_form_and_a_creation() {
    if !super::curl::is_available() {
        return;
    }
    let (stage, _) = stage().await;
    let outcome = stage.form(&stage.fields("document.mp4")).await;
    is_a_refusal(&json!(outcome.status), &outcome.json());
    assert_eq!(outcome.exit, 0);
    let outcome = curl(stage.folder.path(), &stage.creation(LENGTH, "document.mp4")).await;
    is_a_refusal(&json!(outcome.status), &outcome.json());
    assert_eq!((outcome.exit, outcome.header("upload-offset")), (0, ""));
}

/// The protocols of an upload.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    /// A tus creation with a body.
    Creation,
    Piece,
    /// The form.
    Form,
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Creation, Protocol::Piece, Protocol::Form];

/// Files with wrong first boxes, and the code of their refusal.
fn wrong_first_boxes() -> [(&'static str, Vec<u8>); 6] {
    let ftyp = |brand: &[u8; 4]| [&16_u32.to_be_bytes()[..], b"ftyp", brand, &[0; 4]].concat();
    let mdat = |size: &[u8; 4]| [size, &b"mdat"[..]].concat();
    // More than the other fields of a form.
    let too_long = u32::try_from(LENGTH + 4096).unwrap().to_be_bytes();
    [
        ("NOT_MP4", b"%PDF-1.7\n".to_vec()),
        ("NOT_MP4", vec![0xFF; 16]),
        ("BRAND_UNSUPPORTED", ftyp(b"heic")),
        ("RECORDING_NOT_FINALISED", [ftyp(b"mp42"), mdat(b"????")].concat()),
        ("BOX_BEYOND_END", [ftyp(b"mp42"), mdat(&too_long)].concat()),
        ("MOOV_MISSING", [ftyp(b"isom"), mdat(&[0; 4])].concat()),
    ]
}

/// For every protocol and every wrong first box: 64 KiB of 64 MiB are read, and the client gets the
/// response.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_64_kib_are_read_with_any_protocol() {
    if !super::curl::is_available() {
        return;
    }
    let process = Process::start().await;
    let folder = tempfile::tempdir().unwrap();
    for (number, (code, start)) in wrong_first_boxes().into_iter().enumerate() {
        for protocol in PROTOCOLS {
            // All heads differ, because a refused head is remembered.
            let mut file = [start.clone(), format!("{protocol:?} {number}").into_bytes()].concat();
            file.resize(LENGTH, b'x');
            std::fs::write(folder.path().join("wrong.mp4"), &file).unwrap();
            let before = process.bytes_received().await;
            let outcome = process.send_wrong_file(protocol, folder.path()).await;
            let taken = process.bytes_received().await - before;
            is_refused_for(code, &outcome, &format!("{code} by {protocol:?}"));
            assert!(taken <= READ_LIMIT + ONE_READ, "{taken} bytes by {protocol:?} for {code}");
        }
    }
    process.terminate().await;
}

fn is_refused_for(code: &str, outcome: &CurlResponse, name: &str) {
    assert_eq!(outcome.exit, 0, "{name}: connection error");
    let body = outcome.json();
    let status = if code == "NOT_MP4" { 415 } else { 422 };
    assert_eq!(outcome.status, status, "{name}: {body}");
    let details = &body["data"]["details"];
    assert_eq!(details["code"], code, "{name}: {body}");
    assert!(details["judged_after"].as_u64().unwrap() <= READ_LIMIT, "{name}: {body}");
}

impl Process {
    /// Sends `wrong.mp4`.
    async fn send_wrong_file(&self, protocol: Protocol, folder: &Path) -> CurlResponse {
        match protocol {
            Protocol::Creation => curl(folder, &self.creation(LENGTH, "wrong.mp4")).await,
            Protocol::Form => curl(folder, &self.form("wrong.mp4")).await,
            Protocol::Piece => {
                let created = curl(folder, &self.empty_creation(LENGTH)).await;
                assert_eq!(created.status, 201);
                curl(folder, &patch_arguments(created.header("location"), "wrong.mp4")).await
            }
        }
    }
}

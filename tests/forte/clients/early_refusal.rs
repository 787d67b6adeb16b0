//! A phone that sends a PDF called .mp4 is refused within the first 64 KiB of its body, and reads
//! the answer while it still sends (rule 11 of the fixture).

use std::path::Path;

use serde_json::{Value, json};

use super::curl::{Heard, curl};
use super::process::{Process, piece};
use super::{Stage, tus_js, tuspy};
use crate::harness::outside::wanted;
use crate::harness::service::Backend;

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
    let stage = Stage::set(Backend::Embedded).await.unwrap();
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
async fn tus_js_client_reads_an_early_refusal_of_a_patch_and_a_creation() {
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
async fn tuspy_reads_an_early_refusal() {
    let Some(python) = wanted("FORTE_TEST_PYTHON", "tuspy as a real client") else { return };
    let (_stage, plan) = stage().await;
    was_refused(&tuspy::run(&python, &plan).end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reads_an_early_refusal_of_a_form_and_a_creation() {
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

/// The doors through which a video comes in.
#[derive(Debug, Clone, Copy)]
enum Door {
    /// A tus creation with the bytes in its body.
    Creation,
    /// A tus PATCH.
    Piece,
    /// The documented form.
    Form,
}

const DOORS: [Door; 3] = [Door::Creation, Door::Piece, Door::Form];

/// Files whose first boxes are wrong, with the code that says so.
fn wrong_from_the_start() -> [(&'static str, Vec<u8>); 6] {
    let ftyp = |brand: &[u8; 4]| [&16_u32.to_be_bytes()[..], b"ftyp", brand, &[0; 4]].concat();
    let mdat = |size: &[u8; 4]| [size, &b"mdat"[..]].concat();
    // Past the end of a form too, whose other fields have less than that.
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

/// The same through every door, and for every first box that is wrong: 64 KiB of 64 MiB are taken,
/// and the answer arrives.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_64_kib_are_read_with_any_protocol() {
    if !super::curl::is_here() {
        return;
    }
    let process = Process::start().await;
    let folder = tempfile::tempdir().unwrap();
    for (number, (code, start)) in wrong_from_the_start().into_iter().enumerate() {
        for door in DOORS {
            // No two are the same: what was refused before may be known by its beginning.
            let mut file = [start.clone(), format!("{door:?} {number}").into_bytes()].concat();
            file.resize(LENGTH, b'x');
            std::fs::write(folder.path().join("wrong.mp4"), &file).unwrap();
            let before = process.bytes_received().await;
            let heard = process.offer(door, folder.path()).await;
            let taken = process.bytes_received().await - before;
            is_refused_for(code, &heard, &format!("{code} through {door:?}"));
            assert!(taken <= OPENING + ONE_READ, "{taken} bytes through {door:?} for {code}");
        }
    }
    process.terminate().await;
}

fn is_refused_for(code: &str, heard: &Heard, what: &str) {
    assert_eq!(heard.exit, 0, "{what}: trouble on the line");
    let body = heard.json();
    let status = if code == "NOT_MP4" { 415 } else { 422 };
    assert_eq!(heard.status, status, "{what}: {body}");
    let details = &body["data"]["details"];
    assert_eq!(details["code"], code, "{what}: {body}");
    assert!(details["judged_after"].as_u64().unwrap() <= OPENING, "{what}: {body}");
}

impl Process {
    /// Sends `wrong.mp4` through a door.
    async fn offer(&self, door: Door, folder: &Path) -> Heard {
        match door {
            Door::Creation => curl(folder, &self.creation(LENGTH, "wrong.mp4")).await,
            Door::Form => curl(folder, &self.form("wrong.mp4")).await,
            Door::Piece => {
                let created = curl(folder, &self.empty_creation(LENGTH)).await;
                assert_eq!(created.status, 201);
                curl(folder, &piece(created.header("location"), "wrong.mp4")).await
            }
        }
    }
}

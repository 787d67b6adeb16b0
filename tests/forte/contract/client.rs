//! A client that a machine has written from the served document: it compiles, and does the main job.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::here;
use crate::harness::clips::GOOD;
use crate::harness::outside::wanted;
use crate::harness::service::Service;

/// Runs a program of somebody else, which must succeed; what it wrote.
async fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await.unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}\n{words}{output:?}");
    words
}

/// Generates and compiles; where the program is.
async fn built(generator: &str, modules: &str, document: &str, folder: &Path) -> String {
    let generate = ["-jar", generator, "generate", "-i", document, "-o", "generated"];
    let kind = ["-g", "typescript-fetch", "-p", "supportsES6=true"];
    run("java", &[&generate[..], &kind].concat(), folder).await;
    std::fs::copy(here().join("client.ts"), folder.join("client.ts")).unwrap();
    let compiler = format!("{modules}/typescript/bin/tsc");
    let options = ["--strict", "--target", "es2022", "--module", "commonjs", "--outDir", "built"];
    let more = ["--moduleResolution", "node10", "--lib", "es2022,dom", "client.ts"];
    run("node", &[&[compiler.as_str()], &options[..], &more].concat(), folder).await;
    "built/client.js".to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_made_from_the_document_uploads_a_video_and_reads_it_back() {
    let why = "a client generated from the document";
    let Some(generator) = wanted("FORTE_TEST_OPENAPI_GENERATOR", why) else { return };
    let Some(modules) = wanted("FORTE_TEST_NODE_MODULES", why) else { return };
    let service = Service::embedded().await;
    let (token, report) = (service.driver(), service.report().await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("video.mp4"), GOOD).unwrap();
    let served = service.serve();
    let url = format!("http://{}", served.address);
    let document = format!("{url}/openapi.json");
    let program = built(&generator, &modules, &document, folder.path()).await;
    let plan = json!({ "url": url, "token": token, "report": report, "file": "video.mp4" });
    let end = run("node", &[&program, &plan.to_string()], folder.path()).await;
    let end: Value = serde_json::from_str(&end).unwrap();
    let sha256 = hex::encode(Sha256::digest(GOOD));
    assert_eq!((&end["status"], &end["sha256"]), (&json!("ok"), &json!(sha256)), "{end}");
    assert_eq!((&end["seen"], &end["length"]), (&json!(sha256), &json!(GOOD.len())), "{end}");
    let link = end["link"].as_str().unwrap();
    assert!(reqwest::get(link).await.unwrap().bytes().await.unwrap() == GOOD);
}

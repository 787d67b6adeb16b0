//! A client generated from the served document compiles and does the main job.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::folder as contract_folder;
use crate::harness::clips::GOOD;
use crate::harness::external::env_var_or_skip;
use crate::harness::phone::BIIN;
use crate::harness::service::Service;

/// Runs an external program, which must succeed; its standard output.
async fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await.unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}\n{output_text}{output:?}");
    output_text
}

/// Generates and compiles the client; the path of the program.
async fn build_client(generator: &str, modules: &str, document: &str, folder: &Path) -> String {
    let generate = ["-jar", generator, "generate", "-i", document, "-o", "generated"];
    let kind = ["-g", "typescript-fetch", "-p", "supportsES6=true"];
    run("java", &[&generate[..], &kind].concat(), folder).await;
    std::fs::copy(contract_folder().join("client.ts"), folder.join("client.ts")).unwrap();
    let compiler = format!("{modules}/typescript/bin/tsc");
    let options = ["--strict", "--target", "es2022", "--module", "commonjs", "--outDir", "built"];
    let rest = ["--moduleResolution", "node10", "--lib", "es2022,dom", "client.ts"];
    run("node", &[&[compiler.as_str()], &options[..], &rest].concat(), folder).await;
    "built/client.js".to_owned()
}

/// Runs the client: it requests a code, reads it from standard input, and prints its results.
async fn run_client(
    program: &str,
    plan: &Value,
    folder: &Path,
    code: impl AsyncFnOnce() -> String,
) -> Value {
    let mut command = Command::new("node");
    command.args([program, &plan.to_string()]).current_dir(folder).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let requested = lines.next_line().await.unwrap().expect("the client requests a code");
    assert!(requested.contains("c****0@example.test"), "{requested}");
    let mut input = child.stdin.take().unwrap();
    input.write_all(code().await.as_bytes()).await.unwrap();
    drop(input);
    let results = lines.next_line().await.unwrap().expect("the client prints its results");
    assert!(child.wait().await.unwrap().success());
    serde_json::from_str(&results).unwrap()
}

/// E1, E2, E6–E9
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_client_signs_in_lists_reports_uploads_and_reads_the_video() {
    let why = "a client generated from the document";
    let Some(generator) = env_var_or_skip("FORTE_TEST_OPENAPI_GENERATOR", why) else { return };
    let Some(modules) = env_var_or_skip("FORTE_TEST_NODE_MODULES", why) else { return };
    let service = Service::embedded().await;
    let report = service.report().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("video.mp4"), GOOD).unwrap();
    let auth = service.app.state.auth.clone();
    let served = service.serve();
    let url = format!("http://{}", served.address);
    let document = format!("{url}/openapi.json");
    let program = build_client(&generator, &modules, &document, folder.path()).await;
    let device = "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5";
    let plan = json!({
        "url": url, "biin": BIIN, "uuid": device, "report": report, "file": "video.mp4",
    });
    let database = &served.env.db.database;
    let code = async || {
        let (biin, device) = (BIIN.parse().unwrap(), device.parse().unwrap());
        let challenge = database.latest_challenge(&biin, &device).await.unwrap().unwrap();
        auth.code_of(challenge.id)
    };
    let results = run_client(&program, &plan, folder.path(), code).await;
    let sha256 = hex::encode(Sha256::digest(GOOD));
    assert_eq!(
        (&results["status"], &results["sha256"]),
        (&json!("ok"), &json!(sha256)),
        "{results}"
    );
    assert_eq!(
        (&results["seen"], &results["length"]),
        (&json!(sha256), &json!(GOOD.len())),
        "{results}"
    );
    assert_eq!(
        (&results["important"], &results["general"]),
        (&json!([1, 0]), &json!([0, 1])),
        "{results}"
    );
    assert_eq!(results["reportsOfVehicle"], 1, "{results}");
    let link = results["link"].as_str().unwrap();
    assert!(reqwest::get(link).await.unwrap().bytes().await.unwrap() == GOOD);
}

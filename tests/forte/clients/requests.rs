//! The request scripts of the project.

use std::path::Path;

use serde_json::json;
use tokio::process::Command;

use super::{INSPECTION, Stage, curl};
use crate::harness::external::is_installed;
use crate::harness::service::Backend;

/// Runs a script against a service with the names of the demo; its output.
async fn run(stage: &Stage, script: &str, arguments: &[&str]) -> String {
    let fixture = json!({
        "base_url": stage.url(""),
        "users": [
            { "name": "director", "access_token": stage.token },
            { "name": "driver", "access_token": stage.token },
        ],
        "reports": [{ "ref_key": stage.report, "status_code": 1 }],
    });
    stage.file("demo.json", fixture.to_string().as_bytes());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/requests").join(script);
    let mut command = Command::new(path);
    command.args(arguments).current_dir(stage.folder.path());
    let result = command.env("FORTE_DEMO_DATA", stage.folder.path()).output().await.unwrap();
    let output = String::from_utf8(result.stdout).unwrap();
    assert!(result.status.success(), "{output}{}", String::from_utf8_lossy(&result.stderr));
    output
}

fn can_run() -> bool {
    curl::is_available() && is_installed("python3", "the scripts in samples/requests")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_video_of_a_form_can_be_downloaded() {
    if !can_run() {
        return;
    }
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    assert!(run(&stage, "form.sh", &[]).await.contains("Report has been successfully saved."));
    let output = run(&stage, "watch.sh", &[]).await;
    assert!(
        output.contains(&stage.report.to_string()) && output.contains("watched.mp4"),
        "{output}"
    );
    assert_eq!(std::fs::read(stage.folder.path().join("watched.mp4")).unwrap(), INSPECTION);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_two_patches_is_stored() {
    if !can_run() {
        return;
    }
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    let output = run(&stage, "tus.sh", &[]).await;
    let length = INSPECTION.len();
    assert!(output.contains(&format!("arrived: {} of {length}", length / 2)), "{output}");
    assert!(output.contains(&format!("arrived: {length} of {length}")), "{output}");
    stage.assert_stored(INSPECTION).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_judged_before_it_is_sent() {
    if !can_run() {
        return;
    }
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    let report = async |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&run(&stage, "preflight.sh", arguments).await).unwrap()
    };
    let good = report(&[]).await;
    assert_eq!(good["data"]["verdict"], "accepted", "{good}");
    assert_eq!(good["data"]["judged"], "whole");
    assert_eq!(good["data"]["verdicts"][0]["outcome"], "pass", "its hash came along");
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/bad-too-short.mp4");
    let bad = report(&[bad.to_str().unwrap()]).await;
    assert_eq!(bad["data"]["reasons"][0]["code"], "DURATION_OUT_OF_RANGE", "{bad}");
}

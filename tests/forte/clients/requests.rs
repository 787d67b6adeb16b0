//! The request scripts of the project.

use std::path::Path;

use serde_json::json;
use tokio::process::Command;

use super::{INSPECTION, Stage, curl};
use crate::harness::account;
use crate::harness::external::is_installed;
use crate::harness::service::{Backend, Service};

/// A service with the accounts of the demo.
struct Demo {
    stage: Stage,
    reviewer: String,
}

impl Demo {
    async fn start() -> Self {
        let service = Service::start(Backend::Embedded).await.unwrap();
        account::add_node(&service, account::NODE).await;
        let reviewer = service.token_of(service.env.fixture.reviewer().await);
        Self { stage: Stage::of(service).await, reviewer }
    }

    /// Runs a script that succeeds; its output.
    async fn run(&self, script: &str, arguments: &[&str]) -> String {
        let (code, output, errors) = self.output(script, arguments).await;
        assert_eq!(code, Some(0), "{output}{errors}");
        output
    }

    /// Runs a script; its exit code, output and errors.
    async fn output(&self, script: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let stage = &self.stage;
        let demo = json!({
            "base_url": stage.url(""),
            "users": [{ "name": "driver", "access_token": stage.token }],
            "reviewer": { "access_token": self.reviewer },
            "exchange": { "login": account::NODE, "password": account::PASSWORD },
        });
        stage.file("demo.json", demo.to_string().as_bytes());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/requests").join(script);
        let mut command = Command::new(path);
        command.args(arguments).current_dir(stage.folder.path());
        let result = command.env("FORTE_DEMO_DATA", stage.folder.path()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (result.status.code(), text(result.stdout), text(result.stderr))
    }
}

fn can_run() -> bool {
    curl::is_available() && is_installed("python3", "the scripts in samples/requests")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_video_of_a_form_can_be_watched_and_decided_on() {
    if !can_run() {
        return;
    }
    let demo = Demo::start().await;
    let report = demo.stage.report.to_string();
    assert_eq!(demo.run("open-report.sh", &[]).await.trim(), report);
    assert!(demo.run("form.sh", &[]).await.contains("Report has been successfully saved."));
    let output = demo.run("watch.sh", &[]).await;
    assert!(output.contains(&report) && output.contains("watched.mp4"), "{output}");
    let watched = demo.stage.folder.path().join("watched.mp4");
    assert_eq!(std::fs::read(watched).unwrap(), INSPECTION);
    let decided = demo.run("decide.sh", &["reject", "Не видно номера"]).await;
    assert!(decided.contains("\"status_code\":4"), "{decided}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_two_patches_is_stored() {
    if !can_run() {
        return;
    }
    let demo = Demo::start().await;
    let output = demo.run("tus.sh", &[]).await;
    let length = INSPECTION.len();
    assert!(output.contains(&format!("arrived: {} of {length}", length / 2)), "{output}");
    assert!(output.contains(&format!("arrived: {length} of {length}")), "{output}");
    demo.stage.assert_stored(INSPECTION).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_judged_before_it_is_sent() {
    if !can_run() {
        return;
    }
    let demo = Demo::start().await;
    let report = async |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&demo.run("preflight.sh", arguments).await).unwrap()
    };
    let good = report(&[]).await;
    assert_eq!(good["data"]["verdict"], "accepted", "{good}");
    assert_eq!(good["data"]["judged"], "whole");
    assert_eq!(good["data"]["verdicts"][0]["outcome"], "pass", "its hash came along");
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/bad-too-short.mp4");
    let (code, output, _) = demo.output("preflight.sh", &[bad.to_str().unwrap()]).await;
    assert_eq!(code, Some(1), "{output}");
    let bad: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(bad["data"]["reasons"][0]["code"], "DURATION_OUT_OF_RANGE", "{bad}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_prints_the_body_of_an_error_and_fails() {
    if !can_run() {
        return;
    }
    let demo = Demo::start().await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/inspection.mp4");
    let file = file.to_str().unwrap();
    let runs: [(&str, &[&str]); 4] = [
        ("form.sh", &[file, unknown]),
        ("tus.sh", &[file, unknown]),
        ("watch.sh", &[unknown]),
        ("decide.sh", &["approve", "", unknown]),
    ];
    for (script, arguments) in runs {
        let (code, output, errors) = demo.output(script, arguments).await;
        assert_eq!(code, Some(1), "{script}: {output}{errors}");
        assert!(errors.contains("\"error\":"), "{script}: {output}{errors}");
        assert!(!errors.contains("Traceback"), "{script}: {errors}");
    }
}

//! schemathesis, which knows only the served document: all checks, all phases.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::here;
use crate::harness::clips::GOOD;
use crate::harness::outside::{given, wanted};
use crate::harness::service::Service;
use crate::harness::tus;

/// Examples for each operation; more by hand with `FORTE_TEST_EXAMPLES`.
const EXAMPLES: &str = "20";

/// Something that schemathesis found: what, and at which operation.
type Found = (String, String);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_knows_the_document_finds_nothing_wrong() {
    let Some(program) = wanted("FORTE_TEST_SCHEMATHESIS", "the document, by schemathesis") else {
        return;
    };
    let service = Service::embedded_with(&[("UPLOAD__MAX_OPEN_PER_PERSON", "100000")]).await;
    let (report, submitted) = (service.report().await, service.report().await);
    let path = tus::create(&service, submitted, GOOD.len()).await;
    tus::patch(&service, &path, 0, GOOD).await;
    let fill_in = [
        ("TOKEN", service.driver()),
        ("REPORT", report.to_string()),
        ("SUBMITTED", submitted.to_string()),
        ("METADATA", tus::metadata(report)),
        ("LENGTH", GOOD.len().to_string()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let served = service.serve();
    let document = format!("http://{}/openapi.json", served.address);
    let mut run = Command::new(&program);
    run.current_dir(folder.path())
        .arg("--config-file")
        .arg(configuration(folder.path(), &fill_in))
        .args(["run", &document, "--no-color", "--continue-on-failure"])
        .args(["--checks", "all", "--seed", "1", "--generation-deterministic"])
        .args(["--max-examples", given("FORTE_TEST_EXAMPLES").as_deref().unwrap_or(EXAMPLES)])
        .args(["--report", "json", "--report-json-path", "report.json"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", here())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FORTE_CLIP", here().join("../../../samples/good-moov-last.mp4"))
        .env("FORTE_REPORT", report.to_string());
    let output = run.output().await.unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = std::fs::read(folder.path().join("report.json"));
    let report = report.unwrap_or_else(|_| panic!("{words}{output:?}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    judge(&report, &words);
}

fn configuration(folder: &Path, fill_in: &[(&str, String)]) -> PathBuf {
    let mut text = std::fs::read_to_string(here().join("schemathesis.toml")).unwrap();
    for (name, value) in fill_in {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    let path = folder.join("schemathesis.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Every failure is on the list, and everything on the list is a failure; nothing was left out.
fn judge(report: &Value, words: &str) {
    assert_eq!(report["operations"]["selected"], report["operations"]["total"], "{words}");
    assert_eq!(report["errors"], Value::Array(Vec::new()), "{words}");
    for phase in ["examples", "coverage", "fuzzing", "stateful"] {
        let status = report["phases"][phase]["status"].as_str().unwrap();
        assert!(["success", "failure"].contains(&status), "{phase}: {status}\n{words}");
    }
    let unheard: Vec<_> = accepted(report).filter(|(_, count)| *count == 0).collect();
    assert_eq!(unheard, [], "operations that never gave a good answer\n{words}");
    let mut found: Vec<Found> = Vec::new();
    for failure in report["failures"].as_array().unwrap() {
        for operation in failure["operations"].as_array().unwrap() {
            let kind = failure["type"].as_str().unwrap().to_owned();
            found.push((kind, operation.as_str().unwrap().to_owned()));
        }
    }
    found.sort();
    assert_eq!(found, tolerated(), "{words}");
}

/// How often each operation gave a good answer: where none did, nothing has been tried.
fn accepted(report: &Value) -> impl Iterator<Item = (&String, u64)> {
    let count = |phases: &Value| {
        phases.as_object().unwrap().values().filter_map(|phase| phase["accepted"].as_u64()).sum()
    };
    report["valid_rates"]
        .as_object()
        .unwrap()
        .iter()
        .map(move |(name, phases)| (name, count(phases)))
}

/// The list; each line has a reason.
fn tolerated() -> Vec<Found> {
    use config::{Config, File, FileFormat};

    let text = std::fs::read_to_string(here().join("tolerances.toml")).unwrap();
    let list = Config::builder().add_source(File::from_str(&text, FileFormat::Toml));
    let list = list.build().unwrap().get_array("tolerated").unwrap_or_default();
    let mut tolerated = Vec::new();
    for line in list {
        let line = line.into_table().unwrap();
        let word = |name: &str| line[name].clone().into_string().unwrap();
        assert!(word("reason").len() > 20, "{}", word("operation"));
        tolerated.push((word("failure"), word("operation")));
    }
    tolerated.sort();
    tolerated
}

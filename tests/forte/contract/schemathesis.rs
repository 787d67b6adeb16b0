//! schemathesis tests the service by its document: all checks, all phases.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{CompanyId, Person, PersonId, Role};
use serde_json::{Value, json};
use tokio::process::Command;

use super::targets::Targets;
use super::{Operation, folder as contract_folder, operations};
use crate::harness::account;
use crate::harness::clips::GOOD;
use crate::harness::external::{env_var, env_var_or_skip};
use crate::harness::service::{self, Service};
use crate::harness::tus;

/// Examples per operation, unless `FORTE_TEST_EXAMPLES` says otherwise.
const EXAMPLES: &str = "20";

/// Reports that await a video: one per upload.
const OPEN_REPORTS: usize = 100;

/// A failed check and its operation.
type Failure = (String, String);

/// As a driver, the director and a reviewer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_deviation_from_the_document() {
    let Some(program) = env_var_or_skip("FORTE_TEST_SCHEMATHESIS", "the document, by schemathesis")
    else {
        return;
    };
    let mut responses = String::new();
    for role in [Role::Employee, Role::Admin, Role::Reviewer] {
        let folder = tempfile::tempdir().unwrap();
        run(&program, role, folder.path()).await;
        responses += &std::fs::read_to_string(folder.path().join("responses")).unwrap();
    }
    assert_every_operation_worked(&responses, &forte_media::http::openapi(None));
}

/// One run with the token of a person in this role.
async fn run(program: &str, role: Role, folder: &Path) {
    let scene = Scene::set(role).await;
    let served = scene.service.serve();
    let document = format!("http://{}/openapi.json", served.address);
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .arg("--config-file")
        .arg(configuration(folder, &scene.values))
        .args(["run", &document, "--no-color", "--continue-on-failure"])
        .args(["--checks", "all", "--seed", "1", "--generation-deterministic"])
        .args(["--max-examples", env_var("FORTE_TEST_EXAMPLES").as_deref().unwrap_or(EXAMPLES)])
        .args(["--report", "json", "--report-json-path", "report.json"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", contract_folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FORTE_CLIP", contract_folder().join("../../../samples/good-moov-last.mp4"))
        .env("FORTE_TOLERATED", json!(tolerated()).to_string());
    let output = command.output().await.unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = std::fs::read(folder.join("report.json"));
    let report = report.unwrap_or_else(|_| panic!("{log}{output:?}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_no_failures(&report, &format!("as {role:?}\n{log}"));
}

/// A service with objects, and the values that the configuration refers to.
struct Scene {
    service: Service,
    values: Vec<(&'static str, String)>,
}

impl Scene {
    async fn set(role: Role) -> Self {
        // The limits of people must not stop the run.
        let limits = [
            ("UPLOAD__MAX_OPEN_PER_PERSON", "100000"),
            ("ONEC__FAILURES_PER_MINUTE", "100000"),
            ("LEASING__QR_PER_MINUTE", "100000"),
            ("UPLOAD__PREFLIGHTS_PER_MINUTE", "100000"),
        ];
        let service = Service::embedded_with(&limits).await;
        let fixture = &service.env.fixture;
        let targets = Targets::fresh(&service).await;
        let company =
            if role == Role::Reviewer { CompanyId::LESSOR } else { fixture.driver.company };
        // The existing uploads are the driver's.
        let caller = match role {
            Role::Employee => fixture.driver,
            _ => fixture.person(Person { id: PersonId(77), company, role }).await,
        };
        let mut employees = Vec::new();
        for number in 200..230 {
            let (id, company) = (PersonId(number), fixture.driver.company);
            fixture.person(Person { id, company, role: Role::Employee }).await;
            employees.push(number.to_string());
        }
        let mut uploads = Vec::new();
        for _ in 0..OPEN_REPORTS {
            let path = tus::create(&service, service.report().await, GOOD.len()).await;
            uploads.push(format!("{:?}", path.trim_start_matches("/uploads/")));
        }
        let mut metadata = Vec::new();
        for _ in 0..OPEN_REPORTS {
            metadata.push(format!("{:?}", tus::metadata(service.report().await)));
        }
        account::add_node(&service, "almaty").await;
        let link = link(&service, &targets.ref_key).await;
        let values = vec![
            ("TOKEN", service.token_of(caller)),
            ("NODE", "almaty".to_owned()),
            // Each byte as a character, because it is sent in a header.
            ("PASSWORD", account::PASSWORD.bytes().map(char::from).collect()),
            ("REPORT", targets.open.to_string()),
            ("SUBMITTED", targets.ref_key),
            ("VEHICLE", targets.vehicle),
            ("KIND", targets.kind),
            ("EMPLOYEES", employees.join(", ")),
            ("SUBMISSION", targets.submission),
            ("UPLOADS", uploads.join(", ")),
            ("METADATA", metadata.join(", ")),
            ("LENGTH", GOOD.len().to_string()),
            ("LINK", link),
        ];
        Self { service, values }
    }
}

/// The last part of a playback link.
async fn link(service: &Service, report: &str) -> String {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {}", service.driver()))
        .body(Body::empty());
    let video = service::json(service.send(request.unwrap()).await).await;
    let link = video["data"]["link"].as_str().unwrap();
    link.rsplit_once('/').unwrap().1.to_owned()
}

fn configuration(folder: &Path, values: &[(&str, String)]) -> PathBuf {
    let mut text = std::fs::read_to_string(contract_folder().join("schemathesis.toml")).unwrap();
    for (name, value) in values {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    let path = folder.join("schemathesis.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Every operation was tested in every phase, and no check failed.
fn assert_no_failures(report: &Value, log: &str) {
    assert_eq!(report["operations"]["selected"], report["operations"]["total"], "{log}");
    assert_eq!(report["errors"], Value::Array(Vec::new()), "{log}");
    for phase in ["examples", "coverage", "fuzzing", "stateful"] {
        let status = report["phases"][phase]["status"].as_str().unwrap();
        assert!(["success", "failure"].contains(&status), "{phase}: {status}\n{log}");
    }
    assert_eq!(report["failures"], Value::Array(Vec::new()), "{log}");
}

/// Each operation that is not excused succeeded at least once, and each problem had a code that the
/// document names for its status.
fn assert_every_operation_worked(responses: &str, document: &Value) {
    let responses: Vec<(String, u16, String)> =
        responses.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let excused: BTreeSet<_> = column_of("excused", "operation").into_iter().collect();
    let mut wrong = BTreeSet::new();
    for Operation { name, description, .. } in operations(document) {
        let own: Vec<_> = responses.iter().filter(|(operation, ..)| *operation == name).collect();
        let successes = own.iter().filter(|(_, status, _)| (200..400).contains(status)).count();
        if successes == 0 && !excused.contains(&name) {
            wrong.insert(format!("{name} never succeeded"));
        }
        for (_, status, code) in own.iter().filter(|(.., code)| !code.is_empty()) {
            let text = description["responses"][status.to_string()]["description"].as_str();
            if !text.unwrap_or_default().contains(&format!("`{code}`")) {
                wrong.insert(format!("{name}: {status} {code} is not in the document"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Tolerated failures.
fn tolerated() -> BTreeSet<Failure> {
    let checks = column_of("tolerated", "failure").into_iter();
    checks.zip(column_of("tolerated", "operation")).collect()
}

/// A column of a list in `tolerances.toml`; each row must have a reason.
fn column_of(list: &str, column: &str) -> Vec<String> {
    use config::{Config, File, FileFormat};

    let text = std::fs::read_to_string(contract_folder().join("tolerances.toml")).unwrap();
    let lists = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    let lines = lists.unwrap().get_array(list).unwrap().into_iter();
    let lines = lines.map(|line| {
        let line = line.into_table().unwrap();
        let text = |name: &str| line[name].clone().into_string().unwrap();
        assert!(text("reason").len() > 20, "{}", text("operation"));
        text(column)
    });
    lines.collect()
}

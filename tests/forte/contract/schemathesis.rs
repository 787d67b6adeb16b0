//! schemathesis, which knows only the served document: all checks, all phases.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{CompanyId, Person, PersonId, Role};
use serde_json::{Value, json};
use tokio::process::Command;

use super::targets::Targets;
use super::{Operation, here, operations};
use crate::harness::account;
use crate::harness::clips::GOOD;
use crate::harness::outside::{given, wanted};
use crate::harness::service::{self, Service};
use crate::harness::tus;

/// Examples for each operation; more by hand with `FORTE_TEST_EXAMPLES`.
const EXAMPLES: &str = "20";

/// Reports that await a video: one for each upload that is begun and finished.
const OPEN_REPORTS: usize = 100;

/// Where it has the document from it does not try. It cannot be told that a field of a form is a
/// video, and knows no code that was mailed: good answers to these are heard by the generated client.
const NOT_HEARD: [&str; 5] =
    ["/openapi.json", "/reports/upload", "/auth", "/refresh_token", "/devices/{id}"];

/// Something that schemathesis found: what, and at which operation.
type Found = (String, String);

/// As a driver, the director and a reviewer: all checks, all phases, stateful ones too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_knows_the_document_finds_nothing_wrong() {
    let Some(program) = wanted("FORTE_TEST_SCHEMATHESIS", "the document, by schemathesis") else {
        return;
    };
    let (mut answers, mut noted) = (String::new(), String::new());
    for role in [Role::Employee, Role::Admin, Role::Reviewer] {
        let folder = tempfile::tempdir().unwrap();
        tried(&program, role, folder.path()).await;
        let left = |name: &str| std::fs::read_to_string(folder.path().join(name));
        answers += &left("answers").unwrap();
        noted += &left("tolerated").unwrap_or_default();
    }
    listen_to(&answers, &forte_media::http::openapi(""));
    let noted: BTreeSet<Found> =
        noted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(noted, tolerated(), "what happened, and what is tolerated");
}

/// One run, with the token of somebody in this role.
async fn tried(program: &str, role: Role, folder: &Path) {
    let stage = Stage::set(role).await;
    let served = stage.service.serve();
    let document = format!("http://{}/openapi.json", served.address);
    let mut run = Command::new(program);
    run.current_dir(folder)
        .arg("--config-file")
        .arg(configuration(folder, &stage.fill_in))
        .args(["run", &document, "--no-color", "--continue-on-failure"])
        .args(["--checks", "all", "--seed", "1", "--generation-deterministic"])
        .args(["--max-examples", given("FORTE_TEST_EXAMPLES").as_deref().unwrap_or(EXAMPLES)])
        .args(["--report", "json", "--report-json-path", "report.json"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", here())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FORTE_CLIP", here().join("../../../samples/good-moov-last.mp4"))
        .env("FORTE_TOLERATED", json!(tolerated()).to_string());
    let output = run.output().await.unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = std::fs::read(folder.join("report.json"));
    let report = report.unwrap_or_else(|_| panic!("{words}{output:?}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    judge(&report, &format!("as {role:?}\n{words}"));
}

/// What there is to be found by a machine that does not know where to look.
struct Stage {
    service: Service,
    fill_in: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set(role: Role) -> Self {
        let many = [("UPLOAD__MAX_OPEN_PER_PERSON", "100000")];
        let service = Service::embedded_with(&many).await;
        let house = &service.ruins.house;
        let targets = Targets::fresh(&service).await;
        let company = if role == Role::Reviewer { CompanyId::LESSOR } else { house.driver.company };
        let caller = house.person(Person { id: PersonId(77), company, role }).await;
        let mut employees = Vec::new();
        for number in 200..230 {
            let (id, company) = (PersonId(number), house.driver.company);
            house.person(Person { id, company, role: Role::Employee }).await;
            employees.push(number.to_string());
        }
        let mut metadata = Vec::new();
        for _ in 0..OPEN_REPORTS {
            metadata.push(format!("{:?}", tus::metadata(service.report().await)));
        }
        account::node(&service, "office").await;
        let link = link(&service, &targets.ref_key).await;
        let fill_in = vec![
            ("TOKEN", service.token_of(caller)),
            ("NODE", "office".to_owned()),
            // As the bytes of a header, which is what they will be.
            ("PASSWORD", account::PASSWORD.bytes().map(char::from).collect()),
            ("REPORT", targets.open.to_string()),
            ("SUBMITTED", targets.ref_key),
            ("VEHICLE", targets.vehicle),
            ("KIND", targets.kind),
            ("EMPLOYEES", employees.join(", ")),
            ("SUBMISSION", targets.submission),
            ("METADATA", metadata.join(", ")),
            ("LENGTH", GOOD.len().to_string()),
            ("LINK", link),
        ];
        Self { service, fill_in }
    }
}

/// The last part of a viewing link.
async fn link(service: &Service, report: &str) -> String {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {}", service.driver()))
        .body(Body::empty());
    let video = service::json(service.send(request.unwrap()).await).await;
    let link = video["data"]["link"].as_str().unwrap();
    link.rsplit_once('/').unwrap().1.to_owned()
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

/// Nothing failed that is not tolerated, nothing was left out, and everything was seen to work.
fn judge(report: &Value, words: &str) {
    assert_eq!(report["operations"]["selected"], report["operations"]["total"], "{words}");
    assert_eq!(report["errors"], Value::Array(Vec::new()), "{words}");
    for phase in ["examples", "coverage", "fuzzing", "stateful"] {
        let status = report["phases"][phase]["status"].as_str().unwrap();
        assert!(["success", "failure"].contains(&status), "{phase}: {status}\n{words}");
    }
    assert_eq!(report["failures"], Value::Array(Vec::new()), "{words}");
}

/// Each operation gave a good answer, or nothing of it has been tried; and each problem had a code
/// that the document names for it.
fn listen_to(answers: &str, document: &Value) {
    let answers: Vec<(String, u16, String)> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tried = operations(document).into_iter();
    let tried = tried.filter(|tried| !NOT_HEARD.contains(&tried.path.as_str()));
    let mut wrong = BTreeSet::new();
    for Operation { name, what, .. } in tried {
        let mine: Vec<_> = answers.iter().filter(|(operation, ..)| *operation == name).collect();
        let good = mine.iter().filter(|(_, status, _)| (200..400).contains(status)).count();
        if good == 0 {
            wrong.insert(format!("{name} never gave a good answer"));
        }
        for (_, status, code) in mine.iter().filter(|(.., code)| !code.is_empty()) {
            let said = what["responses"][status.to_string()]["description"].as_str();
            let said = said.unwrap_or_default();
            if !said.contains(&format!("`{code}`")) {
                wrong.insert(format!("{name}: {status} {code} is not what it says"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The list; each line has a reason.
fn tolerated() -> BTreeSet<Found> {
    use config::{Config, File, FileFormat};

    let text = std::fs::read_to_string(here().join("tolerances.toml")).unwrap();
    let list = Config::builder().add_source(File::from_str(&text, FileFormat::Toml));
    let list = list.build().unwrap().get_array("tolerated").unwrap_or_default();
    let mut tolerated = BTreeSet::new();
    for line in list {
        let line = line.into_table().unwrap();
        let word = |name: &str| line[name].clone().into_string().unwrap();
        assert!(word("reason").len() > 20, "{}", word("operation"));
        tolerated.insert((word("failure"), word("operation")));
    }
    tolerated
}

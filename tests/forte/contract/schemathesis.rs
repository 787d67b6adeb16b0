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
use crate::harness::external::{env_var, env_var_or_skip};
use crate::harness::service::{self, Service};
use crate::harness::tus;

/// Examples for each operation; more by hand with `FORTE_TEST_EXAMPLES`.
const EXAMPLES: &str = "20";

/// Reports that await a video: one for each upload that is begun and finished.
const OPEN_REPORTS: usize = 100;

/// Something that schemathesis found: what, and at which operation.
type Found = (String, String);

/// As a driver, the director and a reviewer: all checks, all phases, stateful ones too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_knows_the_document_finds_nothing_wrong() {
    let Some(program) = env_var_or_skip("FORTE_TEST_SCHEMATHESIS", "the document, by schemathesis")
    else {
        return;
    };
    let mut answers = String::new();
    for role in [Role::Employee, Role::Admin, Role::Reviewer] {
        let folder = tempfile::tempdir().unwrap();
        tried(&program, role, folder.path()).await;
        answers += &std::fs::read_to_string(folder.path().join("answers")).unwrap();
    }
    listen_to(&answers, &forte_media::http::openapi(""));
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
        .args(["--max-examples", env_var("FORTE_TEST_EXAMPLES").as_deref().unwrap_or(EXAMPLES)])
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
        // What limits people must not end the trying.
        let many = [
            ("UPLOAD__MAX_OPEN_PER_PERSON", "100000"),
            ("ONEC__FAILURES_PER_MINUTE", "100000"),
            ("LEASING__QR_PER_MINUTE", "100000"),
            ("UPLOAD__PREFLIGHTS_PER_MINUTE", "100000"),
        ];
        let service = Service::embedded_with(&many).await;
        let fixture = &service.env.fixture;
        let targets = Targets::fresh(&service).await;
        let company =
            if role == Role::Reviewer { CompanyId::LESSOR } else { fixture.driver.company };
        // The uploads that are there already are the driver's.
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
        let fill_in = vec![
            ("TOKEN", service.token_of(caller)),
            ("NODE", "almaty".to_owned()),
            // As the bytes of a header, which is what they will be.
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
    let excused: BTreeSet<_> = listed("unheard", "operation").into_iter().collect();
    let mut wrong = BTreeSet::new();
    for Operation { name, what, .. } in operations(document) {
        let mine: Vec<_> = answers.iter().filter(|(operation, ..)| *operation == name).collect();
        let good = mine.iter().filter(|(_, status, _)| (200..400).contains(status)).count();
        if good == 0 && !excused.contains(&name) {
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

/// What is tolerated: a check and an operation.
fn tolerated() -> BTreeSet<Found> {
    let kinds = listed("tolerated", "failure").into_iter();
    kinds.zip(listed("tolerated", "operation")).collect()
}

/// A column of a list in the file of tolerances; each line has a reason.
fn listed(list: &str, column: &str) -> Vec<String> {
    use config::{Config, File, FileFormat};

    let text = std::fs::read_to_string(here().join("tolerances.toml")).unwrap();
    let lists = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    let lines = lists.unwrap().get_array(list).unwrap().into_iter();
    let lines = lines.map(|line| {
        let line = line.into_table().unwrap();
        let word = |name: &str| line[name].clone().into_string().unwrap();
        assert!(word("reason").len() > 20, "{}", word("operation"));
        word(column)
    });
    lines.collect()
}

//! The command `demo`: its data, its scenario, and a second run in the same folder.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::db::Db;
use crate::harness::log;
use crate::harness::s3::Bucket;

/// A folder for one demo, and its environment variables.
struct DemoFolder {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl DemoFolder {
    fn embedded() -> Self {
        Self::with(Vec::new())
    }

    fn with(variables: Vec<(&'static str, String)>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables }
    }

    /// The folder that the demo creates.
    fn data(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    fn demo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forte-media"));
        let variables = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(self.data());
        command.args(arguments).env_clear().envs(variables);
        command
    }

    fn run_once(&self, arguments: &[&str]) -> Output {
        let output = self.demo(arguments).arg("--once").output().unwrap();
        log::append_demo(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs the scenario, which must succeed; returns standard error.
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run_once(arguments);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{log}");
        assert!(log.contains("Everything worked."), "{log}");
        log
    }

    fn file(&self) -> Value {
        serde_json::from_slice(&fs::read(self.data().join("demo.json")).unwrap()).unwrap()
    }

    fn deliveries(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.data().join("webhook.jsonl")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn ref_keys(file: &Value) -> Vec<&str> {
    let reports = file["reports"].as_array().unwrap();
    reports.iter().map(|report| report["ref_key"].as_str().unwrap()).collect()
}

fn codes(file: &Value) -> Vec<i64> {
    let reports = file["reports"].as_array().unwrap();
    reports.iter().map(|report| report["status_code"].as_i64().unwrap()).collect()
}

/// The states of the reports of a new demo.
const PLAN: [i64; 24] = [1, 1, 4, 2, 3, 3, 1, 4, 3, 4, 2, 3, 3, 2, 3, 3, 1, 2, 3, 3, 1, 3, 3, 1];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_folder_has_the_promised_data_and_the_scenario_succeeds() {
    let demo_folder = DemoFolder::embedded();
    let log = demo_folder.succeeds(&["--reports", "5"]);
    assert!(log.contains("have arrived and are kept"), "{log}");
    let file = demo_folder.file();
    let names: Vec<_> = file["users"].as_array().unwrap().iter().map(|u| &u["name"]).collect();
    assert_eq!(names, ["director", "driver", "stranger"]);
    assert_eq!(codes(&file), [PLAN.as_slice(), &[1; 5]].concat());
    assert!(demo_folder.data().join("mail").is_dir());
    let secrets = [demo_folder.data().join("keys.json"), demo_folder.data().join("demo.json")];
    assert_eq!(secrets.map(|path| mode(&path)), [0o600; 2]);
}

/// Every file and folder below a folder, with its permissions.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![(folder.to_owned(), mode(folder))];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            found.push((path.clone(), mode(&path)));
        }
    }
    found
}

#[test]
fn only_the_owner_can_read_what_the_service_writes_whatever_the_umask() {
    let demo_folder = DemoFolder::embedded();
    let mut demo = Command::new("sh");
    let script = "umask 0; exec \"$0\" demo --once --listen 127.0.0.1:0 --data \"$1\"";
    demo.args(["-c", script, env!("CARGO_BIN_EXE_forte-media")]).arg(demo_folder.data());
    let output = demo.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let modes = modes(&demo_folder.data());
    for (path, mode) in &modes {
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
    let has = |name: &str| modes.iter().any(|(path, _)| path.to_string_lossy().contains(name));
    assert!(["forte-media.db", "videos/", "spool/", "mail", "webhook.jsonl"].into_iter().all(has));
}

#[test]
fn demos_with_other_addresses_do_not_clash() {
    let folders = [DemoFolder::embedded(), DemoFolder::embedded()];
    let children: Vec<_> = folders
        .iter()
        .map(|folder| {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut demo = Command::new(env!("CARGO_BIN_EXE_forte-media"));
            demo.args(["demo", "--once", "--listen", &format!("127.0.0.1:{port}"), "--data"]);
            demo.arg(folder.data()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn prints_the_page_and_the_login_of_each_role() {
    let demo_folder = DemoFolder::embedded();
    let log = demo_folder.succeeds(&[]);
    let file = demo_folder.file();
    let base = file["base_url"].as_str().unwrap();
    for (path, account) in [("/review", &file["reviewer"]), ("/docs", &file["exchange"])] {
        let line = log.lines().find(|line| line.contains(&format!("{base}{path}"))).unwrap();
        for key in ["login", "password"] {
            assert!(line.contains(account[key].as_str().unwrap()), "{line}");
        }
    }
    let line = log.lines().find(|line| line.contains(&format!("{base}/drive"))).unwrap();
    assert!(line.contains(file["users"][1]["biin"].as_str().unwrap()), "{line}");
}

#[test]
fn each_delivery_is_logged_with_the_result_of_its_signature_check() {
    let demo_folder = DemoFolder::embedded();
    demo_folder.succeeds(&[]);
    let deliveries = demo_folder.deliveries();
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
    assert_eq!(delivery["signature_ok"], true);
    assert_eq!(delivery["status"], 204);
    assert_eq!(delivery["event"]["type"], "report.submitted");
    assert_eq!(delivery["event"]["data"]["report_ref_key"], ref_keys(&demo_folder.file())[0]);
}

#[test]
fn a_second_run_keeps_reports_and_secrets_and_renews_the_tokens() {
    let demo_folder = DemoFolder::embedded();
    demo_folder.succeeds(&["--reports", "2"]);
    let first = demo_folder.file();
    demo_folder.succeeds(&[]);
    let second = demo_folder.file();
    assert_eq!(ref_keys(&first), ref_keys(&second));
    assert_eq!(codes(&second), [&[2], &PLAN[1..], &[1; 2]].concat());
    assert_eq!(first["webhook"]["secret"], second["webhook"]["secret"]);
    assert_ne!(first["users"][1]["access_token"], second["users"][1]["access_token"]);
    let deliveries = demo_folder.deliveries();
    let delivered: Vec<_> =
        deliveries.iter().map(|one| &one["event"]["data"]["report_ref_key"]).collect();
    assert_eq!(delivered, ref_keys(&first)[..2]);
}

#[test]
fn a_report_is_added_when_none_is_open() {
    let demo_folder = DemoFolder::embedded();
    let alpha_codes = |file: &Value| -> Vec<i64> {
        let all = file["reports"].as_array().unwrap().iter();
        let alphas = all.filter(|report| report["company"] == file["users"][0]["company"]);
        alphas.map(|report| report["status_code"].as_i64().unwrap()).collect()
    };
    demo_folder.succeeds(&[]);
    let waiting =
        alpha_codes(&demo_folder.file()).iter().filter(|code| [1, 4].contains(*code)).count();
    for _ in 0..waiting {
        demo_folder.succeeds(&[]);
    }
    let codes = alpha_codes(&demo_folder.file());
    assert_eq!(codes.len(), PLAN.len() - 3 + 1);
    assert!(codes[..PLAN.len() - 3].iter().all(|code| [2, 3].contains(code)), "{codes:?}");
    assert_eq!(codes.last(), Some(&1), "written before the upload");
}

/// Q41
#[test]
fn a_configured_auth_secret_is_refused() {
    let secret = "canary-0123456789-0123456789-0123456789".to_owned();
    let demo_folder = DemoFolder::with(vec![("FORTE_MEDIA__AUTH__SECRET", secret)]);
    let output = demo_folder.run_once(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("auth.secret is set"));
    assert!(!demo_folder.data().exists());
}

#[test]
fn a_failed_step_is_named_with_the_servers_answer() {
    // The video is larger than this.
    let demo_folder =
        DemoFolder::with(vec![("FORTE_MEDIA__UPLOAD__MAX_LENGTH", "100000".to_owned())]);
    let output = demo_folder.run_once(&[]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{log}");
    let expected = "FAILED: step `create`: 413 Payload Too Large: ";
    assert!(log.contains(expected), "{log}");
}

#[tokio::test]
async fn serves_until_interrupted() {
    let demo_folder = DemoFolder::embedded();
    let mut demo = demo_folder.demo(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(demo.stderr.take().unwrap());
    let mut log = log.lines().map(Result::unwrap);
    assert!(log.any(|line| line.contains("keeps running")), "the demo ended");
    let file = demo_folder.file();
    for user in file["users"].as_array().unwrap() {
        let (base, token) = (file["base_url"].as_str().unwrap(), &user["refresh_token"]);
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = request.post(format!("{base}/refresh_token"));
        let response = request.bearer_auth(token.as_str().unwrap()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{user}");
    }
    let killed = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(killed.success());
    log.for_each(drop);
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn with_tls_a_phone_downloads_the_certificate_and_then_trusts_the_demo() {
    let demo_folder = DemoFolder::embedded();
    let mut demo = demo_folder.demo(&["--tls"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap);
    let lines: Vec<_> = log.by_ref().take_while(|line| !line.contains("keeps running")).collect();
    let all = lines.join("\n");
    assert!(all.contains("Everything worked."), "{all}");
    let (_, page) = all.split_once("its certificate: ").expect(&all);
    let page = page.lines().next().unwrap();
    let base = demo_folder.file()["base_url"].as_str().unwrap().to_owned();
    assert!(base.starts_with("https://"), "{base}");

    let client = || reqwest::Client::builder().no_proxy();
    let plain = client().build().unwrap();
    let text = plain.get(page).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(&format!("{base}/drive")), "{text}");
    let file = plain.get(format!("{page}forte-media-demo.crt")).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "application/x-x509-ca-cert");
    let certificate = file.text().await.unwrap();
    assert!(plain.get(&base).send().await.is_err(), "trusted without the certificate");
    let trusted = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let phone = client().tls_certs_only([trusted]).build().unwrap();
    assert_eq!(phone.get(format!("{base}/drive/sign-in")).send().await.unwrap().status(), 200);

    demo.kill().unwrap();
    demo.wait().unwrap();
    demo_folder.succeeds(&["--tls"]);
    let authority = fs::read_to_string(demo_folder.data().join("ca.pem")).unwrap();
    assert_eq!(authority, certificate, "the next run uses the same authority");
    assert_eq!(mode(&demo_folder.data().join("ca-key.pem")), 0o600);
}

/// The director's vehicles have all types.
#[tokio::test]
async fn every_vehicle_type_has_its_own_picture() {
    let demo_folder = DemoFolder::embedded();
    let mut demo = demo_folder.demo(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(log.any(|line| line.contains("keeps running")), "the demo ended");
    let file = demo_folder.file();
    let (base, director) = (file["base_url"].as_str().unwrap(), &file["users"][0]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let data: Value = serde_json::from_str(include_str!("../../src/cli/demo/data.json")).unwrap();
    let objects = data["objects"].as_array().unwrap();
    let mut pictures = HashSet::new();
    for kind in objects.iter().filter(|object| object["type"] == "vehicle_type") {
        let vehicle = objects.iter().find(|object| object["type_ref"] == kind["ref_key"]).unwrap();
        let vehicle = vehicle["ref_key"].as_str().unwrap();
        let request = http.get(format!("{base}/reports/vehicle/select/{vehicle}"));
        let request = request.bearer_auth(director["access_token"].as_str().unwrap());
        let list: Value = request.send().await.unwrap().json().await.unwrap();
        let address = list["data"]["info"]["this"]["image_path"].as_str().unwrap();
        let picture = http.get(address).send().await.unwrap();
        assert_eq!(picture.status(), 200, "{kind}");
        assert_ne!(picture.headers()["etag"], "\"placeholder\"", "{kind}");
        let is_new = pictures.insert(picture.bytes().await.unwrap());
        assert!(is_new, "{kind} has the picture of another type");
    }
    assert!(!pictures.is_empty());
    demo.kill().unwrap();
    demo.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_demos_on_one_postgresql_and_bucket_have_their_own_reports() {
    let Some(db) = Db::postgresql().await else { return };
    let bucket = Bucket::fresh().await;
    let backend = vec![
        ("FORTE_MEDIA__DATABASE__URL", db.config.url.expose_secret().to_owned()),
        ("FORTE_MEDIA__STORAGE__URL", format!("s3://{}/demo", bucket.name)),
        ("FORTE_MEDIA__STORAGE__S3__ENDPOINT", bucket.endpoint.clone()),
        (
            "FORTE_MEDIA__STORAGE__S3__CREDENTIALS_FILE",
            bucket.credentials_file().display().to_string(),
        ),
    ];
    let (one, other) = (DemoFolder::with(backend.clone()), DemoFolder::with(backend));
    one.succeeds(&[]);
    other.succeeds(&[]);
    one.succeeds(&[]);
    let (file, others) = (one.file(), other.file());
    assert!(ref_keys(&file).iter().all(|key| !ref_keys(&others).contains(key)));
    assert!(!one.data().join("videos").exists());
    assert!(!one.data().join("forte-media.db").exists());
}

#[test]
fn the_section_try_it_of_the_readme_works_as_pasted() {
    let lines = include_str!("../../README.md").split("## Try it").nth(1).unwrap();
    let lines = lines.split("```").nth(1).unwrap().trim_start_matches("sh\n");
    let demo_folder = DemoFolder::embedded();
    let mut demo = demo_folder.demo(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(log.any(|line| line.contains("keeps running")), "the demo ended");
    // The test's demo has another address and another folder.
    let server = demo_folder.file()["base_url"].as_str().unwrap().to_owned();
    let script = lines
        .replace("http://127.0.0.1:8080", &server)
        // A person waits a little; a busy machine may need longer.
        .replace("sleep 2;", "until ls demo-data/mail/*.eml >/dev/null 2>&1; do sleep 0.1; done;")
        .replace("demo-data/", &format!("{}/", demo_folder.data().display()))
        .replace("samples/", concat!(env!("CARGO_MANIFEST_DIR"), "/samples/"));
    let script_run = Command::new("bash")
        .args(["-c", &script])
        .current_dir(demo_folder.folder.path())
        .output()
        .unwrap();
    demo.kill().unwrap();
    demo.wait().unwrap();
    let output = String::from_utf8_lossy(&script_run.stdout);
    assert!(output.ends_with("watched: the same bytes\n"), "{output}\n{script_run:?}");
}

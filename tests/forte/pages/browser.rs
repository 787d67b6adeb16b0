//! Flows of the pages in Chromium against the demo, a real service with people, reports and videos.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::db::Db;
use crate::harness::external::env_var_or_skip;
use crate::harness::log;
use crate::harness::s3::Bucket;

const PROGRAM: &str = env!("CARGO_BIN_EXE_forte-media");
const COLLEAGUE: &str = "colleague";
const GUARDED: &str = "guarded";
/// Open reports in addition to those of the demo. The flows of the driver's page send a video for each.
const EXTRA_REPORTS: &str = "12";
const PASSWORD: &str = "a-colleagues-password";

/// Whether `http.public_url` is set.
#[derive(Clone, Copy)]
enum Address {
    Unknown,
    /// Set, so that 1C gets film links.
    Known,
}

impl Address {
    /// The value of `--listen`. Adds `http.public_url` to the variables if it is known.
    fn listen(self, variables: &mut Vec<(String, String)>) -> String {
        match self {
            Self::Unknown => "127.0.0.1:0".to_owned(),
            Self::Known => {
                let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
                let name = "FORTE_MEDIA__HTTP__PUBLIC_URL".to_owned();
                variables.push((name, format!("http://{free}")));
                free.to_string()
            }
        }
    }
}

/// A running demo. It is killed when dropped.
struct Demo {
    child: Child,
    file: Value,
    /// The settings of the service as variables, for other commands.
    variables: Vec<(String, String)>,
    _folder: TempDir,
    _shared: Option<(Db, Bucket)>,
}

/// Whether a browser and its libraries are installed.
pub(super) fn is_available() -> bool {
    ["FORTE_TEST_CHROMIUM", "FORTE_TEST_NODE_MODULES"]
        .into_iter()
        .all(|name| env_var_or_skip(name, "the pages in Chromium").is_some())
}

impl Demo {
    /// A demo on SQLite and a folder, with this many videos that wait for a reviewer.
    fn embedded(waiting: usize, address: Address) -> Self {
        Self::start(waiting, address, Vec::new(), None)
    }

    /// A demo on PostgreSQL and an S3 store; `None` without them.
    async fn shared(waiting: usize, address: Address) -> Option<Self> {
        use secrecy::ExposeSecret as _;

        let (db, bucket) = (Db::postgresql().await?, Bucket::fresh().await);
        let credentials = bucket.credentials_file().display().to_string();
        let settings = [
            ("DATABASE__URL", db.config.url.expose_secret().to_owned()),
            ("STORAGE__URL", format!("s3://{}/forte", bucket.name)),
            ("STORAGE__S3__ENDPOINT", bucket.endpoint.clone()),
            ("STORAGE__S3__CREDENTIALS_FILE", credentials),
        ];
        let full = |(name, value)| (format!("FORTE_MEDIA__{name}"), value);
        let variables = settings.map(full).into();
        Some(Self::start(waiting, address, variables, Some((db, bucket))))
    }

    fn start(
        waiting: usize,
        address: Address,
        mut variables: Vec<(String, String)>,
        shared: Option<(Db, Bucket)>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        variables.push(("FORTE_MEDIA__OPS__LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
        let listen = address.listen(&mut variables);
        let mut child = Command::new(PROGRAM)
            .args(["demo", "--listen", &listen, "--waiting", &waiting.to_string()])
            .args(["--reports", EXTRA_REPORTS, "--data"])
            .arg(&data)
            .env_clear()
            .envs(variables.iter().cloned())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok).inspect(|line| log::append_demo(line));
        assert!(lines.any(|line| line.contains("keeps running")), "the demo has ended");
        // Reads to the end, because a full pipe would block the process.
        std::thread::spawn(move || lines.for_each(drop));
        let read = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(data.join(name)).unwrap()).unwrap()
        };
        let secret = read("keys.json")["auth_secret"].as_str().unwrap().to_owned();
        variables.push(("FORTE_MEDIA__AUTH__SECRET".to_owned(), secret));
        if shared.is_none() {
            let url = format!("sqlite:{}", data.join("forte-media.db").display());
            variables.push(("FORTE_MEDIA__DATABASE__URL".to_owned(), url));
        }
        let file = read("demo.json");
        Self { child, file, variables, _folder: folder, _shared: shared }
    }

    /// Adds a reviewer. Returns login and password.
    fn add_reviewer(&self, login: &str, name: &str) -> Value {
        let password = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(password.path(), PASSWORD).unwrap();
        let file = password.path().to_str().unwrap();
        self.account(&["add", "reviewer", login, "--name", name, "--password-file", file]);
        json!({ "login": login, "password": PASSWORD })
    }

    /// Adds a reviewer with an authenticator app. Returns login, password and TOTP key.
    fn add_guarded(&self) -> Value {
        let mut reviewer = self.add_reviewer(GUARDED, "Айгуль С.");
        let printed = self.account(&["totp", GUARDED]);
        reviewer["secret"] = printed.lines().next().unwrap().into();
        reviewer
    }

    /// Runs `account`; returns what it prints.
    fn account(&self, arguments: &[&str]) -> String {
        let output = Command::new(PROGRAM)
            .arg("account")
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a script of `web/e2e` with the accounts as its argument. It must succeed.
    fn run(&self, script: &str) {
        let world = json!({
            "base": self.file["base_url"],
            "reviewer": self.file["reviewer"],
            "colleague": self.add_reviewer(COLLEAGUE, "Марат А."),
            "guarded": self.add_guarded(),
            "exchange": self.file["exchange"],
            // The log of the webhook receiver, one event per line.
            "events": self.file["webhook"]["log"],
            // The driver of the demo. The mails with the codes are in the folder `mail`.
            "biin": "200940026146",
            "name": "Иван",
            "mobile": "87781578800",
            "mail": self.file["mail_dir"],
            "sample": Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/inspection.mp4"),
        });
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/e2e");
        let mut command = Command::new("node");
        let output = command.arg(folder.join(script)).arg(world.to_string()).output().unwrap();
        log::append(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let steps = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{steps}{errors}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Tests that run a script against a demo on each back end: name, videos to review, address, script.
macro_rules! in_chromium {
    ($($name:ident: $waiting:literal, $address:ident, $script:literal;)*) => {$(
        mod $name {
            use super::{Address, Demo, is_available};

            #[test]
            fn in_chromium_on_sqlite_and_disk() {
                if is_available() {
                    Demo::embedded($waiting, Address::$address).run($script);
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_chromium_on_postgresql_and_s3() {
                if is_available()
                    && let Some(demo) = Demo::shared($waiting, Address::$address).await
                {
                    tokio::task::spawn_blocking(move || demo.run($script)).await.unwrap();
                }
            }
        }
    )*};
}

in_chromium! {
    the_console_works: 45, Unknown, "console.mjs";
    the_drivers_page_works: 0, Unknown, "drive.mjs";
    the_drivers_page_survives_faults_of_the_network: 0, Unknown, "drive-network.mjs";
    a_report_goes_from_the_driver_to_1c: 0, Known, "lifecycle.mjs";
}

/// Runs on one back end only, because most of these flows do not involve the service.
#[test]
fn the_drivers_page_survives_faults_of_the_phone_in_chromium() {
    if is_available() {
        Demo::embedded(0, Address::Unknown).run("drive-faults.mjs");
    }
}

#[test]
fn the_document_works_in_chromium_under_every_host_name() {
    if is_available() {
        Demo::embedded(0, Address::Unknown).run("docs.mjs");
    }
}

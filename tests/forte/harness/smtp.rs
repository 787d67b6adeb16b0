//! A real mail server (Python's aiosmtpd) in a process of its own, on this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::external::env_var_or_skip;

/// Who signs in, where somebody must.
pub(crate) const USER: &str = "robot";
/// With which password.
pub(crate) const PASSWORD: &str = "a-canary-password";

/// How a mail server is to be.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'p> {
    pub(crate) tls: &'p str,
    pub(crate) guarded: bool,
    /// Answers to the next letters; then all are taken.
    pub(crate) replies: &'p [&'p str],
}

/// In the clear, for everybody, taking everything.
pub(crate) const OPEN: Plan<'static> = Plan { tls: "none", guarded: false, replies: &[] };

/// The server. Dropped, it is gone.
pub(crate) struct Smtp {
    python: String,
    folder: TempDir,
    running: Option<Running>,
    pub(crate) port: u16,
    tls: String,
    guarded: bool,
}

/// One process. What it says is read all the time: a full pipe would stop it.
struct Running {
    child: Child,
    reader: JoinSet<()>,
    said: watch::Receiver<Vec<Value>>,
    /// How many lines have been looked at.
    seen: usize,
}

impl Running {
    fn start(python: &str, plan: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forte/harness/smtp.py");
        let mut command = Command::new(python);
        command.arg(script).arg(plan.to_string()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (say, said) = watch::channel(Vec::new());
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                let line = serde_json::from_str(&line).unwrap();
                say.send_modify(|all: &mut Vec<Value>| all.push(line));
            }
        });
        Self { child, reader, said, seen: 0 }
    }

    /// The next line; waits for it.
    async fn next(&mut self) -> Value {
        let seen = self.seen;
        self.seen += 1;
        let all = self.said.wait_for(|all| all.len() > seen).await;
        all.expect("the mail server has ended")[seen].clone()
    }
}

impl Smtp {
    /// `None` when there is no Python with aiosmtpd here, which has been said aloud.
    pub(crate) async fn start(plan: Plan<'_>) -> Option<Self> {
        let python = env_var_or_skip("FORTE_TEST_PYTHON", "a real mail server")?;
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let (tls, guarded) = (plan.tls.to_owned(), plan.guarded);
        let mut server = Self { python, folder, running: None, port: 0, tls, guarded };
        server.open(plan.replies).await;
        Some(server)
    }

    /// Listens (again), on the same port.
    pub(crate) async fn open(&mut self, replies: &[&str]) {
        let plan = json!({
            "port": self.port,
            "tls": self.tls,
            "certificate": self.certificate(),
            "key": self.folder.path().join("key.pem"),
            "user": self.guarded.then_some(USER),
            "password": PASSWORD,
            "replies": replies,
        });
        self.running = Some(Running::start(&self.python, &plan));
        let said = self.hears().await;
        self.port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
    }

    /// Is away: connections are refused.
    pub(crate) async fn close(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().await.unwrap();
        }
    }

    /// The next letter; waits for it.
    pub(crate) async fn hears(&mut self) -> Value {
        self.running.as_mut().unwrap().next().await
    }

    /// Every letter that has come to this process and was not looked at, after which it is gone.
    pub(crate) async fn all(mut self) -> Vec<Value> {
        let mut running = self.running.take().unwrap();
        running.child.kill().await.unwrap();
        while running.reader.join_next().await.is_some() {}
        let said = running.said.borrow();
        said[running.seen..].to_vec()
    }

    /// What the server shows when it is asked for TLS.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// The settings that lead to it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("MAIL__HOST", "localhost".to_owned()),
            ("MAIL__PORT", self.port.to_string()),
            ("MAIL__TLS", self.tls.clone()),
            ("MAIL__FROM", "ForteLeasing <no-reply@forte.test>".to_owned()),
            ("MAIL__CA_FILE", self.certificate().display().to_string()),
        ];
        if self.guarded {
            settings.push(("MAIL__USER", USER.to_owned()));
            settings.push(("MAIL__PASSWORD", PASSWORD.to_owned()));
        }
        settings
    }
}

fn certify(folder: &Path) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
}

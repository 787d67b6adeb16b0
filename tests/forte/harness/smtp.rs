//! A real mail server (Python's aiosmtpd) in a separate process.

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

/// Credentials, where the server requires them.
pub(crate) const USER: &str = "robot";
pub(crate) const PASSWORD: &str = "a-canary-password";

/// Configuration of a mail server.
#[derive(Clone, Copy)]
pub(crate) struct SmtpOptions<'p> {
    pub(crate) tls: &'p str,
    pub(crate) requires_login: bool,
    /// Replies to the next mails; then all are accepted.
    pub(crate) replies: &'p [&'p str],
}

/// No TLS, no login, accepts everything.
pub(crate) const OPEN: SmtpOptions<'static> =
    SmtpOptions { tls: "none", requires_login: false, replies: &[] };

/// The server. It stops when dropped.
pub(crate) struct Smtp {
    python: String,
    folder: TempDir,
    running: Option<Running>,
    pub(crate) port: u16,
    tls: String,
    requires_login: bool,
}

/// A process. Its output is read continuously, because a full pipe would block it.
struct Running {
    child: Child,
    reader: JoinSet<()>,
    output: watch::Receiver<Vec<Value>>,
    /// The number of lines consumed.
    consumed: usize,
}

impl Running {
    fn start(python: &str, plan: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forte/harness/smtp.py");
        let mut command = Command::new(python);
        command.arg(script).arg(plan.to_string()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, output) = watch::channel(Vec::new());
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                let line = serde_json::from_str(&line).unwrap();
                sender.send_modify(|all: &mut Vec<Value>| all.push(line));
            }
        });
        Self { child, reader, output, consumed: 0 }
    }

    /// Waits for the next line.
    async fn next(&mut self) -> Value {
        let index = self.consumed;
        self.consumed += 1;
        let lines = self.output.wait_for(|lines| lines.len() > index).await;
        lines.expect("the mail server has stopped")[index].clone()
    }
}

impl Smtp {
    /// `None` without a Python that has aiosmtpd, which is reported.
    pub(crate) async fn start(options: SmtpOptions<'_>) -> Option<Self> {
        let python = env_var_or_skip("FORTE_TEST_PYTHON", "a real mail server")?;
        let folder = tempfile::tempdir().unwrap();
        write_certificate(folder.path());
        let (tls, requires_login) = (options.tls.to_owned(), options.requires_login);
        let mut server = Self { python, folder, running: None, port: 0, tls, requires_login };
        server.open(options.replies).await;
        Some(server)
    }

    /// Listens, after a stop on the same port.
    pub(crate) async fn open(&mut self, replies: &[&str]) {
        let plan = json!({
            "port": self.port,
            "tls": self.tls,
            "certificate": self.certificate(),
            "key": self.folder.path().join("key.pem"),
            "user": self.requires_login.then_some(USER),
            "password": PASSWORD,
            "replies": replies,
        });
        self.running = Some(Running::start(&self.python, &plan));
        let line = self.next_mail().await;
        self.port = u16::try_from(line["port"].as_u64().unwrap()).unwrap();
    }

    /// Stops: connections are refused.
    pub(crate) async fn close(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().await.unwrap();
        }
    }

    /// Waits for the next mail.
    pub(crate) async fn next_mail(&mut self) -> Value {
        self.running.as_mut().unwrap().next().await
    }

    /// Stops the server, and returns the mails that were not consumed.
    pub(crate) async fn remaining_mails(mut self) -> Vec<Value> {
        let mut running = self.running.take().unwrap();
        running.child.kill().await.unwrap();
        while running.reader.join_next().await.is_some() {}
        let lines = running.output.borrow();
        lines[running.consumed..].to_vec()
    }

    /// The certificate file.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Settings for a service that uses this server.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("MAIL__HOST", "localhost".to_owned()),
            ("MAIL__PORT", self.port.to_string()),
            ("MAIL__TLS", self.tls.clone()),
            ("MAIL__FROM", "ForteLeasing <no-reply@forte.test>".to_owned()),
            ("MAIL__CA_FILE", self.certificate().display().to_string()),
        ];
        if self.requires_login {
            settings.push(("MAIL__USER", USER.to_owned()));
            settings.push(("MAIL__PASSWORD", PASSWORD.to_owned()));
        }
        settings
    }
}

fn write_certificate(folder: &Path) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
}

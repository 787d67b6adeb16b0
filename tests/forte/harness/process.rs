//! The program itself, serving in a separate process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::sync::oneshot;

use super::service::TestEnv;

/// A running process. It is killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// The address of the public API.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts the program on an existing environment. `settings` are variables without their prefix.
    pub(crate) async fn start(env: &TestEnv, node: &str, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().chain(&[("LOG__FORMAT", "json")]);
        let settings = settings.map(|(name, value)| (format!("FORTE_MEDIA__{name}"), value));
        let mut child = Command::new(env!("CARGO_BIN_EXE_forte-media"))
            .arg("serve")
            .envs(env.variables(node))
            .envs(settings)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, receiver) = oneshot::channel();
        // Reads to the end, because a full pipe would block the process.
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            for line in log.lines().map_while(Result::ok) {
                super::log::append(format!("{line}\n").as_bytes());
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                let address = line["public"].as_str().and_then(|text| text.parse().ok());
                if let Some((sender, address)) = address.and_then(|at| Some((sender.take()?, at))) {
                    sender.send(address).unwrap();
                }
            }
        });
        Self { child, address: receiver.await.unwrap() }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _may_have_exited = self.child.kill();
        let _may_have_exited = self.child.wait();
    }
}

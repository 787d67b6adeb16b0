//! The program itself, serving in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::sync::oneshot;

use super::service::TestEnv;

/// Killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// Where phones are served.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts on what is there, with settings on top, as variables without their prefix.
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
        let (said, says) = oneshot::channel();
        // Reads on until the end: a full pipe would stop the process.
        std::thread::spawn(move || {
            let mut said = Some(said);
            for line in log.lines().map_while(Result::ok) {
                super::log::keep(format!("{line}\n").as_bytes());
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                let address = line["public"].as_str().and_then(|text| text.parse().ok());
                if let Some((said, address)) = address.and_then(|at| Some((said.take()?, at))) {
                    said.send(address).unwrap();
                }
            }
        });
        Self { child, address: says.await.unwrap() }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

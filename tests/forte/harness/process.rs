//! The program itself, serving in a separate process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::sync::oneshot;

use super::external::report_missing;
use super::service::TestEnv;

/// Puts a small file system with the files of a folder over it, and runs the program there.
const ON_SMALL_DISK: &str = r#"
folder=$1; shift
copy=$(mktemp -d)
cp -a "$folder/." "$copy"
mount -t tmpfs -o size=8m tmpfs "$folder"
cp -a "$copy/." "$folder"
rm -rf "$copy"
exec "$@"
"#;

const PROGRAM: &str = env!("CARGO_BIN_EXE_forte-media");

/// A running process. It is killed when dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// The address of the public API.
    pub(crate) address: SocketAddr,
    /// The address of the operators' routes.
    pub(crate) ops: SocketAddr,
}

impl Process {
    /// Starts the program on an existing environment. `settings` are variables without their prefix.
    pub(crate) async fn start(env: &TestEnv, node: &str, settings: &[(&str, &str)]) -> Self {
        Self::try_start(env, node, settings).await.unwrap()
    }

    /// As [`Process::start`]; `None` if the program ends instead of serving.
    pub(crate) async fn try_start(
        env: &TestEnv,
        node: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        Self::run(Command::new(PROGRAM), env, node, settings).await
    }

    /// As [`Process::start`], with this many file descriptors.
    pub(crate) async fn with_open_files(env: &TestEnv, node: &str, limit: usize) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\""), PROGRAM]);
        Self::run(command, env, node, &[]).await.unwrap()
    }

    /// As [`Process::start`], on a copy of the files in `folder`, which are on a file system of 8 MiB that only
    /// this process and [`Process::file`] see. `None`, with a message, if such a one cannot be made.
    pub(crate) async fn on_small_disk(
        env: &TestEnv,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let namespace = ["--map-root-user", "--mount"];
        let probe = Command::new("unshare").args(namespace).arg("true").status();
        if !probe.is_ok_and(|status| status.success()) {
            report_missing("unshare", "cannot make a mount namespace", "the test of a full disk");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-ec", ON_SMALL_DISK, "sh"]).arg(folder).arg(PROGRAM);
        Some(Self::run(command, env, "one", settings).await.unwrap())
    }

    /// A file as this process sees it.
    pub(crate) fn file(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(path.strip_prefix("/").unwrap())
    }

    async fn run(
        mut command: Command,
        env: &TestEnv,
        node: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let settings = settings.iter().chain(&[("LOG__FORMAT", "json")]);
        let settings = settings.map(|(name, value)| (format!("FORTE_MEDIA__{name}"), value));
        let mut child = command
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
                let address = |name: &str| line[name].as_str()?.parse().ok();
                if let Some(addresses) = address("public").zip(address("ops"))
                    && let Some(sender) = sender.take()
                {
                    sender.send(addresses).unwrap();
                }
            }
        });
        let Ok((address, ops)) = receiver.await else {
            child.wait().unwrap();
            return None;
        };
        Some(Self { child, address, ops })
    }

    /// The sum of a counter over its labels.
    pub(crate) async fn counter(&self, http: &reqwest::Client, name: &str) -> u64 {
        let page = http.get(format!("http://{}/metrics", self.ops)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let lines = page.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// The most memory that it has used, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
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

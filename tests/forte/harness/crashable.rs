//! Servers of a single test that can crash and start again on the same port with the same data.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use forte_media::model::Random;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::external;
use super::s3::{ACCESS_KEY, SECRET_KEY, minio_binary};

/// Defines `start` and `crash` for PostgreSQL, which refuses to run as root. Synchronous commits stay on: a
/// crash of the server, unlike one of the machine, loses nothing that was written to a file.
const POSTGRES: &str = r#"
bin=$1 folder=$2 port=$3
as_server() {
  if [ "$(id -u)" -eq 0 ]; then (cd "$folder" && exec runuser -u postgres -- "$@"); else "$@"; fi
}
start() {
  as_server "$bin/pg_ctl" start --silent --wait --pgdata "$folder/data" --log "$folder/log" --options \
    "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c fsync=off"
}
crash() { as_server "$bin/pg_ctl" stop --silent --mode immediate --pgdata "$folder/data"; }
if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder"; fi
as_server "$bin/initdb" --auth trust --username postgres --encoding UTF8 --locale C --no-sync \
  --pgdata "$folder/data" >/dev/null
"#;

/// Defines `start` and `crash` for MinIO.
const MINIO: &str = r#"
binary=$1 folder=$2 address=$3 console=$4
start() {
  "$binary" server --quiet --address "$address" --console-address "$console" "$folder/data" \
    >>"$folder/log" 2>&1 &
  server=$!
}
crash() { kill -9 "$server"; wait "$server" 2>/dev/null || true; }
"#;

/// Executes commands until the end of the input, which is closed when the test ends for any reason.
const COMMANDS: &str = r#"
start >/dev/null && echo done
while read -r command; do "$command" >/dev/null; echo done; done
crash >/dev/null
rm -rf "$folder"
"#;

/// A shell that runs a server.
struct Shell {
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Shell {
    async fn start(script: &str, arguments: &[&OsStr]) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", &format!("{script}{COMMANDS}"), "server"])
            .args(arguments)
            .env("MINIO_ROOT_USER", ACCESS_KEY)
            .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Keeps Ctrl-C from the shell, which still has to stop the server.
            .process_group(0)
            .spawn()
            .unwrap();
        let commands = shell.stdin.take().unwrap();
        let answers = BufReader::new(shell.stdout.take().unwrap()).lines();
        let mut shell = Self { commands, answers, _process: shell };
        shell.wait().await;
        shell
    }

    async fn run(&mut self, command: &str) {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        self.wait().await;
    }

    async fn wait(&mut self) {
        assert_eq!(self.answers.next_line().await.unwrap().as_deref(), Some("done"));
    }
}

/// A server that can crash. It ends when dropped.
pub(crate) struct Crashable {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    shell: Mutex<Shell>,
}

impl Crashable {
    /// A PostgreSQL; `None` if it is missing, which is reported.
    pub(crate) async fn postgres() -> Option<Self> {
        let Some(bin) = postgres_folder() else {
            external::report_missing(
                "initdb",
                "is not installed",
                "storms with crashes of PostgreSQL",
            );
            return None;
        };
        let (folder, address) = (folder(), free_address());
        let port = address.port().to_string();
        let arguments = [bin.as_os_str(), folder.as_os_str(), port.as_ref()];
        let shell = Mutex::new(Shell::start(POSTGRES, &arguments).await);
        Some(Self { address, folder, shell })
    }

    /// A MinIO; `None` if it is missing, which is reported.
    pub(crate) async fn minio() -> Option<Self> {
        let Some(binary) = minio_binary() else {
            external::report_missing(
                "minio",
                "is not installed",
                "storms with crashes of the store",
            );
            return None;
        };
        let (folder, address) = (folder(), free_address());
        let [listen, console] = [address, free_address()].map(|address| address.to_string());
        let arguments = [binary.as_os_str(), folder.as_os_str(), listen.as_ref(), console.as_ref()];
        let shell = Mutex::new(Shell::start(MINIO, &arguments).await);
        Some(Self { address, folder, shell })
    }

    /// Ends the server at once, without any notice to its clients, and starts it again after a while.
    pub(crate) async fn crash_for(&self, lasts: Duration) {
        let mut shell = self.shell.lock().await;
        shell.run("crash").await;
        sleep(lasts).await;
        shell.run("start").await;
    }
}

/// A folder that another user can enter. The shell removes it.
fn folder() -> PathBuf {
    let open_to_all = fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().permissions(open_to_all).tempdir().unwrap().keep()
}

/// The port stays free while the server is down: it is outside the range from which the kernel takes the ports
/// of outgoing connections.
fn free_address() -> SocketAddr {
    let random = Random::system();
    loop {
        let port = 20_000 + u16::from_le_bytes(random.bytes()) % 10_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// The folder of the programs of the newest PostgreSQL.
fn postgres_folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|folder| has_initdb(folder)).max()
}

fn has_initdb(folder: &Path) -> bool {
    folder.join("initdb").is_file()
}

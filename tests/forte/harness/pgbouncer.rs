//! A `PgBouncer` with transaction pooling before a PostgreSQL server.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use url::Url;

use super::db::Db;
use super::external;

/// The user of the server, because `PgBouncer` does not run as root.
const USER: &str = "postgres";

/// A running `PgBouncer`. It is killed when dropped.
pub(crate) struct PgBouncer {
    process: Child,
    port: u16,
    url: Url,
    _folder: TempDir,
}

impl PgBouncer {
    /// Before the server of a database; `None` if `PgBouncer` is missing, which is reported. `settings` are
    /// lines of its configuration.
    pub(crate) async fn before(db: &Db, settings: &str) -> Option<Self> {
        if !external::is_installed("pgbouncer", "tests of a pooler before PostgreSQL") {
            return None;
        }
        let url = Url::parse(db.config.url.expose_secret()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server =
            format!("host={} port={}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        // Two server connections, so that the transactions of one client meet those of others.
        let lines = format!(
            "[databases]\n* = {server} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n\
             max_client_conn = 200\n{settings}\n",
            url.username()
        );
        let folder = tempfile::Builder::new().permissions(open_to_all()).tempdir().unwrap();
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, lines).unwrap();
        let mut command = Command::new("pgbouncer");
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.args(["-u", USER]);
        }
        let process = command.arg("-q").arg(&file).stderr(Stdio::null()).spawn().unwrap();
        let bouncer = Self { process, port, url, _folder: folder };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(bouncer)
    }

    /// The URL of the database through the pooler.
    pub(crate) fn url(&self) -> String {
        let mut url = self.url.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _may_have_exited = self.process.kill();
        let _may_have_exited = self.process.wait();
    }
}

fn open_to_all() -> fs::Permissions {
    fs::Permissions::from_mode(0o755)
}

//! A real S3: one MinIO process for the whole test binary, a fresh bucket for each test.
//!
//! The binary is that of `FORTE_TEST_MINIO`, or `minio` on the `PATH`. Without it, an in-process
//! `s3s-fs` replaces it, a message says so, and tests that need what it lacks are skipped. With
//! `FORTE_TEST_REQUIRE=all`, a missing MinIO is a failure.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use forte_media::storage::{Config, S3Config};
use jiff::SignedDuration;
use tempfile::TempDir;

pub(crate) const ACCESS_KEY: &str = "forte-test";
pub(crate) const SECRET_KEY: &str = "forte-test-secret";
pub(crate) const REGION: &str = "us-east-1";

/// The store that all tests of this binary share.
struct Server {
    address: SocketAddr,
    real: bool,
    credentials: PathBuf,
    /// Its end of the pipe is closed when this process ends, which stops the watcher.
    _watcher: Child,
}

/// A new bucket.
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    is_real: bool,
    credentials: PathBuf,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static BUCKETS: AtomicUsize = AtomicUsize::new(0);

impl Bucket {
    /// Creates a bucket; the first call starts the server.
    pub(crate) async fn fresh() -> Self {
        let server = SERVER.get_or_init(start);
        Self::create(server.address, server.real, server.credentials.clone()).await
    }

    /// Creates a bucket on another MinIO with the same keys, which has this folder.
    pub(crate) async fn on_server(address: SocketAddr, folder: &Path) -> Self {
        wait_until_ready(address, folder);
        Self::create(address, true, credentials(folder)).await
    }

    async fn create(address: SocketAddr, is_real: bool, credentials: PathBuf) -> Self {
        let number = BUCKETS.fetch_add(1, Ordering::Relaxed);
        let (name, endpoint) = (format!("forte-test-{number}"), format!("http://{address}"));
        let bucket = Self { name, endpoint, is_real, credentials };
        bucket.client().create_bucket().bucket(&bucket.name).send().await.expect("makes a bucket");
        bucket
    }

    /// Whether this is MinIO and not `s3s-fs`. Reports why a test is skipped if not.
    pub(crate) fn is_real(&self, because: &str) -> bool {
        if !self.is_real {
            report(&format!("skipped without MinIO: {because}"));
        }
        self.is_real
    }

    /// Settings for this bucket, with short delays.
    pub(crate) fn config(&self) -> Config {
        Config { url: format!("s3://{}/some/prefix", self.name), s3: self.s3_config() }
    }

    /// A credentials file in the AWS format.
    pub(crate) fn credentials_file(&self) -> &Path {
        &self.credentials
    }

    /// A client for the test itself.
    pub(crate) fn client(&self) -> Client {
        let files = EnvConfigFiles::builder()
            .with_file(EnvConfigFileKind::Credentials, self.credentials_file())
            .build();
        let keys = aws_config::profile::ProfileFileCredentialsProvider::builder()
            .profile_files(files)
            .build();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(keys)
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .build();
        Client::from_conf(config)
    }

    fn s3_config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.endpoint.clone()),
            region: Some(REGION.to_owned()),
            credentials_file: Some(self.credentials_file().to_owned()),
            first_pause: SignedDuration::from_millis(5),
            ..s3_defaults()
        }
    }
}

/// The defaults of `[storage.s3]`.
pub(crate) fn s3_defaults() -> S3Config {
    S3Config {
        endpoint: None,
        public_endpoint: None,
        region: None,
        path_style: true,
        credentials_file: None,
        link_credentials_file: None,
        credentials_reread: SignedDuration::from_millis(50),
        connect_timeout: SignedDuration::from_secs(3),
        answer_timeout: SignedDuration::from_secs(20),
        slowest_link: 640 * 1024,
        tries: 4,
        first_pause: SignedDuration::from_millis(200),
        transfers: 16,
    }
}

fn start() -> Server {
    if let Some(binary) = minio_binary() {
        return start_minio(&binary);
    }
    let required = std::env::var_os("FORTE_TEST_REQUIRE").is_some_and(|what| what == "all");
    assert!(!required, "MinIO is required: set FORTE_TEST_MINIO or put minio on the PATH");
    report("MinIO is not installed: s3s-fs is used instead, and some tests are skipped");
    start_s3s()
}

/// Writes to stderr directly, which the test runner does not capture.
fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "forte tests: {text}");
}

pub(super) fn minio_binary() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("FORTE_TEST_MINIO") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("minio")).find(|file| file.is_file())
}

/// A shell script that waits for the end of its standard input, which is closed when this process ends
/// for any reason. Then it stops the server and removes its data.
const MINIO_WATCHER: &str = r#"
"$1" server --quiet --address "$2" --console-address "$3" "$4/data" >"$4/log" 2>&1 &
read -r _
kill -9 $!
rm -rf "$4"
"#;

/// As [`MINIO_WATCHER`], for `s3s-fs`, which runs in this process.
const FOLDER_WATCHER: &str = r#"
read -r _
rm -rf "$1"
"#;

fn start_minio(binary: &Path) -> Server {
    let folder = TempDir::new().expect("makes a folder").keep();
    let [address, console] = free_addresses();
    let arguments: [OsString; 4] = [
        binary.into(),
        address.to_string().into(),
        console.to_string().into(),
        folder.clone().into(),
    ];
    let watcher = watch(MINIO_WATCHER, &arguments);
    wait_until_ready(address, &folder);
    Server { address, real: true, credentials: credentials(&folder), _watcher: watcher }
}

fn watch(script: &str, arguments: &[OsString]) -> Child {
    Command::new("sh")
        .args(["-c", script, "watcher"])
        .args(arguments)
        .env("MINIO_ROOT_USER", ACCESS_KEY)
        .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
        .stdin(Stdio::piped())
        // Keeps Ctrl-C from the watcher, which still has to clean up.
        .process_group(0)
        .spawn()
        .expect("starts a shell")
}

/// Two different ports: both are held until both are known.
fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("finds a free port"));
    listeners.map(|listener| listener.local_addr().expect("knows its port"))
}

/// MinIO cannot signal that it is ready, so it is polled.
fn wait_until_ready(address: SocketAddr, folder: &Path) {
    for _ in 0..600 {
        if is_ready(address).unwrap_or(false) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    panic!("MinIO is not ready after 30 s: {log}");
}

fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /minio/health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let answer = std::io::read_to_string(stream)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn credentials(folder: &Path) -> PathBuf {
    let file = folder.join("credentials");
    let text = format!(
        "[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    );
    std::fs::write(&file, text).expect("writes the keys");
    file
}

/// Serves `s3s-fs` from a thread with its own runtime, because it outlives the first test.
fn start_s3s() -> Server {
    let folder = TempDir::new().expect("makes a folder").keep();
    let data = folder.join("data");
    std::fs::create_dir(&data).expect("makes a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("finds a free port");
    let address = listener.local_addr().expect("knows its port");
    listener.set_nonblocking(true).expect("does not block");
    std::thread::spawn(move || serve(listener, &data));
    let watcher = watch(FOLDER_WATCHER, &[folder.clone().into()]);
    Server { address, real: false, credentials: credentials(&folder), _watcher: watcher }
}

fn serve(listener: TcpListener, data: &Path) {
    let mut builder =
        s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(data).expect("opens"));
    builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("starts").block_on(async move {
        let tasks = tokio_util::task::TaskTracker::new();
        let listener = tokio::net::TcpListener::from_std(listener).expect("listens");
        while let Ok((socket, _)) = listener.accept().await {
            let socket = hyper_util::rt::TokioIo::new(socket);
            let server = hyper::server::conn::http1::Builder::new();
            tasks.spawn(server.serve_connection(socket, service.clone()));
        }
    });
}

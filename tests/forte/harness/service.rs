//! The whole service in process: the real router on a real database and store, with known users, a
//! manual clock and a method that delivers due messages.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response};
use forte_media::app::{App, Bound, Environment};
use forte_media::auth::{RefreshToken, TokenSubject, Tokens};
use forte_media::config::Settings;
use forte_media::database::Database;
use forte_media::model::{Clock, Faults, ManualClock, Person, Random, RefKey, ReportStatus};
use forte_media::shutdown::Shutdown;
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::db::Db;
use super::fixture::{DEVICE, Fixture};
use super::receiver::{Receiver, SECRET as WEBHOOK_SECRET};
use super::s3::Bucket;

/// The secret that signs the tokens of these tests.
pub(crate) const SECRET: &str = "only-for-tests-and-at-least-32-bytes-long";

/// The next seed: two processes must not mint the same ids.
static SEEDS: AtomicU64 = AtomicU64::new(7);

/// The database and the store of a test's service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// SQLite and a folder, available everywhere.
    Embedded,
    /// PostgreSQL and an S3 store.
    Shared,
}

/// Defines two tests for each `async fn name(service: Service)`, one for each backend.
macro_rules! on_both_backends {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::harness::service::{Backend, Service};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite_and_disk() {
                super::$name(Service::start(Backend::Embedded).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql_and_s3() {
                if let Some(service) = Service::start(Backend::Shared).await {
                    super::$name(service).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_backends;

/// Options of a test's service.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Settings that override those of the tests, as variables without their prefix.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Scripted failures.
    pub(crate) faults: Faults,
}

/// Everything that outlives a process of the service: the database, the store, the people.
pub(crate) struct TestEnv {
    pub(crate) db: Db,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) fixture: Fixture,
    pub(crate) receiver: Receiver,
    pub(crate) folder: TempDir,
}

/// One process of the service.
pub(crate) struct Service {
    pub(crate) app: Box<App>,
    pub(crate) router: Router,
    pub(crate) shutdown: Shutdown,
    bound: Bound,
    tokens: Tokens,
    pub(crate) env: TestEnv,
}

impl TestEnv {
    /// The environment without a process; `None` if the backend is not available, which is reported.
    pub(crate) async fn prepare(backend: Backend) -> Option<Self> {
        let (db, bucket) = match backend {
            Backend::Embedded => (Db::sqlite().await, None),
            Backend::Shared => (Db::postgresql().await?, Some(Bucket::fresh().await)),
        };
        Some(Self::on(db, bucket).await)
    }

    /// An environment on this database and this store.
    pub(crate) async fn on(db: Db, bucket: Option<Bucket>) -> Self {
        let fixture = Fixture::create(&db.database).await;
        if bucket.is_some() {
            // A real store checks the expiry of links against the real time.
            fixture.manual_clock.set(Clock::system().now());
        }
        let receiver = Receiver::start(&fixture.clock).await;
        let folder = tempfile::tempdir().unwrap();
        Self { db, bucket, fixture, receiver, folder }
    }

    /// The settings of one process; `node` names its spool.
    pub(crate) fn variables(&self, node: &str) -> Vec<(String, String)> {
        use secrecy::ExposeSecret as _;

        let folder = self.folder.path();
        let mut variables = vec![
            ("DATABASE__URL", self.db.config.url.expose_secret().to_owned()),
            ("UPLOAD__SPOOL", folder.join(format!("spool-{node}")).display().to_string()),
            ("STORAGE__URL", format!("file:{}", folder.join("videos").display())),
            ("AUTH__SECRET", SECRET.to_owned()),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("OPS__LISTEN", "127.0.0.1:0".to_owned()),
            ("NOTIFY__WEBHOOK__URL", self.receiver.url()),
            ("NOTIFY__WEBHOOK__SECRET", WEBHOOK_SECRET.to_owned()),
            ("NOTIFY__ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            ("MAIL__FOLDER", folder.join("mail").display().to_string()),
            // Tests run these tasks explicitly.
            ("OUTBOX__POLL_EVERY", "1h".to_owned()),
            ("UPLOAD__SWEEP_EVERY", "1h".to_owned()),
            ("UPLOAD__LEASE_POLL", "20ms".to_owned()),
        ];
        if let Some(bucket) = &self.bucket {
            variables.push(("STORAGE__URL", format!("s3://{}/forte", bucket.name)));
            variables.push(("STORAGE__S3__ENDPOINT", bucket.endpoint.clone()));
            let credentials = bucket.credentials_file().display().to_string();
            variables.push(("STORAGE__S3__CREDENTIALS_FILE", credentials));
        }
        let full = |(name, value)| (format!("FORTE_MEDIA__{name}"), value);
        variables.into_iter().map(full).collect()
    }
}

impl Service {
    /// A new service; `None` if the backend is not available, which is reported.
    pub(crate) async fn start(backend: Backend) -> Option<Self> {
        Box::pin(Self::start_with(backend, Options::default())).await
    }

    /// A new service on the embedded backend.
    pub(crate) async fn embedded() -> Self {
        Self::embedded_with(&[]).await
    }

    /// As [`Service::embedded`], with settings.
    pub(crate) async fn embedded_with(settings: &[(&'static str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let options = Options { settings, ..Options::default() };
        Box::pin(Self::start_with(Backend::Embedded, options)).await.unwrap()
    }

    /// A new service with options.
    pub(crate) async fn start_with(backend: Backend, options: Options) -> Option<Self> {
        Some(Box::pin(Self::on(TestEnv::prepare(backend).await?, "one", options)).await)
    }

    /// A process on an existing environment; `node` names its spool.
    pub(crate) async fn on(env: TestEnv, node: &str, options: Options) -> Self {
        let shutdown = Shutdown::new();
        let (app, tokens, bound) = Self::build(&env, node, &options, &shutdown).await;
        let router = app.router();
        Self { app, router, shutdown, bound, tokens, env }
    }

    /// A second process on the same backend.
    pub(crate) async fn second_node(&self, node: &str, options: Options) -> (Box<App>, Shutdown) {
        let shutdown = Shutdown::new();
        let (app, ..) = Self::build(&self.env, node, &options, &shutdown).await;
        (app, shutdown)
    }

    /// Ends the process as a crash does: tasks are dropped without any notice to clients or peers.
    pub(crate) async fn crash(self) -> TestEnv {
        self.shutdown.hard().cancel();
        drop((self.app, self.router));
        // Running tasks still hold the app; they end with their requests.
        self.shutdown.drain(SignedDuration::from_secs(10)).await;
        self.env
    }

    async fn build(
        env: &TestEnv,
        node: &str,
        options: &Options,
        shutdown: &Shutdown,
    ) -> (Box<App>, Tokens, Bound) {
        super::log::start();
        let mut variables = env.variables(node);
        let full = |(name, value): &(&str, String)| (format!("FORTE_MEDIA__{name}"), value.clone());
        variables.extend(options.settings.iter().map(full));
        let settings = Settings::load(None, variables).unwrap();
        let fixture = &env.fixture;
        let world = Environment {
            clock: fixture.clock.clone(),
            random: Random::seeded(SEEDS.fetch_add(1, Ordering::Relaxed)),
            faults: options.faults.clone(),
        };
        let secret = settings.auth.secret.clone().unwrap();
        let tokens = Tokens::new(&settings.auth, &secret, fixture.clock.clone(), Random::seeded(8));
        // Bound before the app is built, because links contain the port.
        let bound = Bound::bind(&settings).await.unwrap();
        let address = bound.public_address().unwrap();
        let app = Box::new(
            Box::pin(App::build(settings, world, shutdown.tasks().clone(), address)).await.unwrap(),
        );
        (app, tokens, bound)
    }

    /// The database of the environment.
    pub(crate) fn database(&self) -> &Database {
        &self.env.db.database
    }

    /// Moves the clock.
    pub(crate) fn manual_clock(&self) -> &ManualClock {
        &self.env.fixture.manual_clock
    }

    /// The clock of the service.
    pub(crate) fn clock(&self) -> &Clock {
        &self.env.fixture.clock
    }

    /// A new report that awaits a video of the driver's company.
    pub(crate) async fn report(&self) -> RefKey {
        self.env.fixture.report().await
    }

    /// A new report in this state.
    pub(crate) async fn report_in(&self, status: ReportStatus) -> RefKey {
        self.env.fixture.report_in(status).await
    }

    /// The access token of the driver, valid for five minutes.
    pub(crate) fn driver(&self) -> String {
        self.token_of(self.env.fixture.driver)
    }

    /// The access token of a reviewer of the lessor.
    pub(crate) async fn reviewer(&self) -> String {
        self.token_of(self.env.fixture.reviewer().await)
    }

    /// The access token of a driver of another company.
    pub(crate) async fn foreign_driver(&self) -> String {
        self.token_of(self.env.fixture.foreign_driver().await)
    }

    /// The access token of a person.
    pub(crate) fn token_of(&self, person: Person) -> String {
        self.tokens.mint_access(&Self::subject(person), SignedDuration::from_mins(5)).unwrap()
    }

    /// A validly signed refresh token of a person, for a session that does not exist.
    pub(crate) fn refresh_token_of(&self, person: Person) -> String {
        let (issued_at, ttl) = (self.clock().now(), SignedDuration::from_mins(5));
        let refresh = RefreshToken { rti: 260, issued_at, expires_at: issued_at + ttl };
        self.tokens.mint_pair(&Self::subject(person), &refresh, ttl).unwrap().refresh_token
    }

    pub(crate) fn subject(person: Person) -> TokenSubject {
        TokenSubject {
            person,
            biin: "080540013184".to_owned(),
            uuid: DEVICE.to_owned(),
            session: "test".to_owned(),
        }
    }

    /// Sends one request through the real router, in process.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        send(&self.router, request).await
    }

    /// The mails in the mail folder, oldest first.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.mail_folder()) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The folder for mails when no mail server is configured.
    pub(crate) fn mail_folder(&self) -> std::path::PathBuf {
        self.env.folder.path().join("mail")
    }

    /// Delivers all due messages: webhooks, mails, pushes.
    pub(crate) async fn deliver(&self) -> usize {
        self.app.outbox.deliver_due().await.unwrap()
    }

    /// All files in the spool and all objects in the store.
    pub(crate) async fn remaining_files(&self) -> Vec<String> {
        let mut names = self.stored_objects().await;
        let spool = self.env.folder.path().join("spool-one");
        for entry in std::fs::read_dir(spool).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.parse::<forte_media::model::UploadId>().is_ok() {
                names.push(format!("spool/{name}"));
            }
        }
        names.sort();
        names
    }

    /// All objects in the store.
    pub(crate) async fn stored_objects(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.app.store.list(&after).await.unwrap();
            let Some(last) = page.last() else { return names };
            after.clone_from(&last.path);
            names.extend(page.into_iter().map(|object| object.path));
        }
    }

    /// The total length of the files in the spool.
    pub(crate) fn spooled_bytes(&self) -> u64 {
        let entries = std::fs::read_dir(self.env.folder.path().join("spool-one")).unwrap();
        let lengths = entries.map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_upload = name.parse::<forte_media::model::UploadId>().is_ok();
            if is_upload { entry.metadata().unwrap().len() } else { 0 }
        });
        lengths.sum()
    }

    /// Waits until all background tasks have ended, then sweeps.
    pub(crate) async fn drain_and_sweep(&self) {
        self.shutdown.tasks().close();
        self.shutdown.tasks().wait().await;
        self.shutdown.tasks().reopen();
        self.app.state.uploads.sweep().await.unwrap();
    }

    /// Asserts that after all tasks have ended and a sweep has run, the spool and the store are empty.
    pub(crate) async fn assert_nothing_left(&self) {
        self.drain_and_sweep().await;
        assert_eq!(self.remaining_files().await, Vec::<String>::new());
    }

    /// Starts to serve on a real port, with all the tasks of a real process.
    pub(crate) fn serve(self) -> Served {
        let bound = self.bound;
        let address = bound.public_address().unwrap();
        let ops = bound.ops_address().unwrap();
        let (app, shutdown) = (self.app, self.shutdown.clone());
        let task = TaskTracker::new().spawn({
            let shutdown = shutdown.clone();
            async move { app.run(bound, &shutdown).await.unwrap() }
        });
        Served { address, ops, shutdown, task, env: self.env }
    }
}

/// A service on a real port.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    /// The listener for operators.
    pub(crate) ops: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<()>,
    pub(crate) env: TestEnv,
}

/// Sends one request through a router, in process, with `Accept-Language: en` by default.
pub(crate) async fn send(router: &Router, mut request: Request<Body>) -> Response<Body> {
    let language = request.headers_mut().entry("accept-language");
    language.or_insert(HeaderValue::from_static("en"));
    router.clone().oneshot(request).await.unwrap()
}

/// The whole body of a response, as JSON.
pub(crate) async fn json(response: Response<Body>) -> serde_json::Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

/// A header of a response, as text; empty if it is missing.
pub(crate) fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

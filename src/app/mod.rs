//! The composition root: builds the service and runs it until shutdown.

mod health;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{AccountConfig, Accounts, Auth, BrowserSessions, derive_key, totp_key};
use crate::config::Settings;
use crate::database::Database;
use crate::http::{self, AppState};
use crate::leasing::{FilmLinks, Leasing, Lists, Pictures, Review};
use crate::model::{Clock, Faults, NodeId, Random};
use crate::notify::{Mail, Push, Webhook};
use crate::onec::{Inbox, Queue};
use crate::outbox::{Composer, Outbox, Receivers, Retention};
use crate::playback::Playback;
use crate::proof::Sequencer;
use crate::shutdown::{Drained, Shutdown};
use crate::storage::{Spool, StorageError, Store};
use crate::telemetry::Metrics;
use crate::upload::{Dependencies, UploadService};
use health::{LastStatus, Probe};
use tokio::sync::Mutex;

/// Limit for the last statements of a shutdown. If they fail, peers notice the missing heartbeats.
const LAST_STATEMENTS: Duration = Duration::from_secs(2);

/// The label under which the key of the playback links is derived from `auth.secret`.
const LINKS: &str = "playback links";

/// The label of the key from which the secrets of film links are derived.
const FILM_LINKS: &str = "film links";

/// Inputs that tests replace.
#[derive(Clone)]
pub struct Environment {
    pub clock: Clock,
    pub random: Random,
    pub faults: Faults,
}

impl Environment {
    pub fn real() -> Self {
        Self { clock: Clock::system(), random: Random::system(), faults: Faults::none() }
    }
}

/// The service, built but not running.
pub struct App {
    pub database: Database,
    pub store: Store,
    spool: Spool,
    clock: Clock,
    pub outbox: Arc<Outbox>,
    pub sequencer: Arc<Sequencer>,
    /// The services behind the routes.
    pub state: Arc<AppState>,
    metrics: Metrics,
    pub settings: Settings,
}

/// Both listeners. They are bound before the service is built, because links contain the port.
pub struct Bound {
    public: TcpListener,
    ops: TcpListener,
}

impl Bound {
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        // Before anything is started: it reads the certificate too.
        settings.http.check()?;
        let (public, ops) = (settings.http.listen, settings.ops.listen);
        let listen = |name, address| async move {
            TcpListener::bind(address).await.with_context(|| format!("{name} {address}"))
        };
        Ok(Self {
            public: listen("http.listen", public).await?,
            ops: listen("ops.listen", ops).await?,
        })
    }

    pub fn public_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }

    pub fn ops_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.ops.local_addr()?)
    }
}

impl App {
    /// Connects to the database, migrates it, and opens the store and the spool. `address` is the one of
    /// the public listener.
    pub async fn build(
        settings: Settings,
        environment: Environment,
        tasks: TaskTracker,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let secret = settings.auth.secret.clone().context(
            "auth.secret is not set; create one, for example with `openssl rand -base64 48`",
        )?;
        let metrics = Metrics::start().context("cannot start the metrics")?;
        let database = Database::open(&settings.database).await.context("database.url")?;
        let database = database.with_employees_see(settings.leasing.employees_see);
        database.migrate().await?;
        let (store, spool) = open_storage(&settings, &secret, &environment).await?;
        let (db, clock, random) =
            (|| database.clone(), || environment.clock.clone(), || environment.random.clone());
        let auth = Auth::new(db(), &settings.auth, &secret, clock(), random());
        let auth = auth.with_links(public_url(&settings).as_deref());
        let outbox = Arc::new(outbox(&settings, &database, &environment, auth.clone())?);
        let uploads = UploadService::start(Dependencies {
            config: settings.upload.clone(),
            rules: Arc::new(settings.inspect.clone()),
            limits: settings.plausibility.clone(),
            database: db(),
            store: store.clone(),
            spool: spool.clone(),
            clock: clock(),
            random: random(),
            faults: environment.faults.clone(),
            tasks,
            wakeup: outbox.wakeup(),
        });
        let uploads = uploads.await?;
        let Settings { http, leasing, onec, playback, .. } = &settings;
        let sequencer = Sequencer::new(db(), store.clone(), uploads.node(), onec.sequence_every);
        let sequencer = Arc::new(sequencer);
        let zone = &leasing.time_zone;
        let film_links = FilmLinks::new(
            db(),
            clock(),
            random(),
            derive_key(&secret, FILM_LINKS),
            leasing.film_link_for,
            public_url(&settings),
        );
        let inbox = Inbox::new(db(), clock(), random(), zone.clone(), onec.clone());
        let state = AppState {
            uploads,
            playback: Playback::new(db(), store.clone(), clock(), random(), playback.clone()),
            browsers: BrowserSessions::new(auth.clone(), &settings.review, &secret),
            auth: auth.with_wakeup(outbox.wakeup()),
            leasing: Leasing::new(db(), clock(), random(), outbox.wakeup()),
            lists: Lists::new(db(), clock(), random(), leasing.clone()),
            accounts: Accounts::new(db(), clock(), random(), &account_config(&settings)),
            pictures: Pictures::new(db(), clock(), leasing.clone()),
            review: Review::new(db(), clock(), random(), leasing, outbox.wakeup()),
            queue: Queue::new(db(), zone.clone(), onec.max_page),
            sequencer: Arc::clone(&sequencer),
            inbox: inbox.with_film_links(film_links.clone()),
            film_links,
            proxies: http.trusted_proxies.clone(),
            allow_origins: http.allow_origins.clone().into(),
            limits: http.limits.clone(),
            drive: settings.drive,
            max_picture: onec.max_picture,
            zone: zone.clone(),
            public_url: public_url(&settings),
            local_url: http::local_url(address, http.tls.is_on()),
        };
        let (state, clock) = (Arc::new(state), clock());
        Ok(Self { database, store, spool, clock, outbox, sequencer, state, metrics, settings })
    }

    /// The public routes.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.state))
    }

    /// Runs until a shutdown is requested, then finishes the running work.
    pub async fn run(self, bound: Bound, shutdown: &Shutdown) -> anyhow::Result<()> {
        self.spawn_tasks(shutdown);
        // Heartbeats continue until all work has ended; otherwise other nodes would take over the
        // uploads.
        let (stop, heartbeats) = (CancellationToken::new(), TaskTracker::new());
        let locks = self.state.uploads.locks();
        if self.state.uploads.is_shared() {
            heartbeats.spawn(Arc::clone(&locks).run_heartbeats(stop.clone()));
            heartbeats.spawn(Arc::clone(&locks).run_release_requests(stop.clone()));
        }
        let probe = Arc::new(self.probe(shutdown));
        // The operators' listener outlives the public one, so that `/readyz` reports the shutdown.
        let ops_stop = CancellationToken::new();
        shutdown.spawn(serve_ops(bound.ops, probe, ops_stop.clone()));
        let grace_ends = self.serve_public(bound.public, shutdown).await?;
        ops_stop.cancel();
        let rest = grace_ends.saturating_duration_since(Instant::now());
        if shutdown.drain(SignedDuration::try_from(rest)?).await == Drained::Aborted {
            tracing::warn!("some work was aborted; it continues after the next start");
        }
        stop.cancel();
        heartbeats.close();
        heartbeats.wait().await;
        let last = async {
            if let Err(error) = locks.deregister().await {
                tracing::warn!(%error, "this node could not be removed from the database");
            }
            self.database.close().await;
        };
        if timeout(LAST_STATEMENTS, last).await.is_err() {
            tracing::warn!("the database does not answer; its connections are dropped");
        }
        tracing::info!("stopped");
        Ok(())
    }

    /// Serves the public routes until a shutdown. Returns when its grace ends.
    async fn serve_public(
        &self,
        listener: TcpListener,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Instant> {
        let (config, soft) = (self.settings.http.clone(), shutdown.soft().clone());
        let grace = config.shutdown_grace.unsigned_abs();
        let began = async {
            shutdown.soft().cancelled().await;
            Ok(Instant::now())
        };
        let served = http::server::serve(listener, self.router(), config, soft);
        let ((), began) = tokio::try_join!(served, began)?;
        Ok(began + grace)
    }

    /// How long messages are kept, from several sections of the settings.
    pub fn retention(&self) -> Retention {
        let Settings { outbox, auth, .. } = &self.settings;
        Retention {
            delivered: outbox.keep_delivered,
            dead: outbox.keep_dead,
            codes: self.state.auth.code_retention(),
            purge_every: auth.purge_every,
            batch: auth.purge_batch,
        }
    }

    fn probe(&self, shutdown: &Shutdown) -> Probe {
        Probe {
            database: self.database.clone(),
            locks: self.state.uploads.locks(),
            store: self.store.clone(),
            spool: self.spool.clone(),
            outbox: Arc::clone(&self.outbox),
            clock: self.clock.clone(),
            config: self.settings.ops.clone(),
            metrics: self.metrics.clone(),
            shutdown: shutdown.soft().clone(),
            last: LastStatus::default(),
            mail: Mutex::default(),
        }
    }

    fn spawn_tasks(&self, shutdown: &Shutdown) {
        let AppState { uploads, auth, leasing, review, .. } = &*self.state;
        let stop = || shutdown.soft().clone();
        shutdown.spawn(uploads.clone().run_sweeps(stop()));
        shutdown.spawn(uploads.locks().release_all_on_shutdown(stop()));
        shutdown.spawn(auth.clone().keep_purging(stop()));
        shutdown.spawn(Arc::clone(&self.outbox).run_purges(self.retention(), stop()));
        let (outbox, soft) = (Arc::clone(&self.outbox), stop());
        shutdown.spawn(async move { outbox.run(&soft).await });
        let (sequencer, soft) = (Arc::clone(&self.sequencer), stop());
        shutdown.spawn(async move { sequencer.run(soft).await });
        shutdown.spawn(leasing.clone().keep_reminding(self.settings.leasing.clone(), stop()));
        shutdown.spawn(review.clone().keep_settling(stop()));
    }
}

/// Opens the store and the spool, which must be on one file system if both are on disk.
async fn open_storage(
    settings: &Settings,
    secret: &SecretString,
    Environment { clock, random, faults }: &Environment,
) -> anyhow::Result<(Store, Spool)> {
    let key = derive_key(secret, LINKS);
    let store = Store::open(&settings.storage, &key, faults.clone()).await;
    let store = store.map_err(|error| with_key("storage.url", error))?;
    let node = NodeId::mint(clock, random);
    let spool = Spool::open(&settings.upload.spool, node, faults.clone());
    let spool = spool.map_err(|error| with_key("upload.spool", error))?;
    store.check_spool(&spool)?;
    Ok((store, spool))
}

/// An error about a setting names its key already.
fn with_key(key: &'static str, error: StorageError) -> anyhow::Error {
    match error {
        StorageError::Setting { .. } => error.into(),
        error => anyhow::Error::new(error).context(key),
    }
}

/// The settings of accounts, from several sections.
pub fn account_config(settings: &Settings) -> AccountConfig {
    AccountConfig {
        failures_per_minute: settings.onec.failures_per_minute,
        rotation_grace: settings.onec.rotation_grace,
        hashing_at_once: settings.auth.hashing_at_once,
        hashing_waiting: settings.auth.hashing_waiting,
        totp_key: settings.auth.secret.as_ref().map(totp_key),
        require_totp: settings.review.require_totp,
        reviewer_networks: settings.review.allow_networks.clone(),
    }
}

fn outbox(
    settings: &Settings,
    database: &Database,
    Environment { clock, random, .. }: &Environment,
    auth: Auth,
) -> anyhow::Result<Outbox> {
    let mail = Mail::from_config(&settings.mail, clock.clone())?;
    if let Some(folder) = mail.folder() {
        tracing::warn!(folder = %folder.display(), "mail.host is not set: mails are written to a folder");
    }
    let receivers = Receivers {
        webhook: Webhook::from_config(&settings.notify, clock.clone())?,
        mail: Some(mail),
        push: Some(Push::from_config(&settings.notify, clock.clone())?),
    };
    let composer = Composer {
        zone: settings.leasing.time_zone.clone(),
        link_of: Arc::new({
            let auth = auth.clone();
            move |challenge| auth.confirmation_link(challenge)
        }),
        code_of: Arc::new(move |challenge| auth.code_of(challenge)),
    };
    let (database, clock, random) = (database.clone(), clock.clone(), random.clone());
    Ok(Outbox::new(database, clock, random, settings.outbox.clone(), receivers, composer))
}

/// `http.public_url` without a trailing slash.
pub fn public_url(settings: &Settings) -> Option<String> {
    settings.http.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned())
}

async fn serve_ops(listener: TcpListener, probe: Arc<Probe>, stop: CancellationToken) {
    let served = axum::serve(listener, http::ops_router(probe));
    if let Err(error) = served.with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::warn!(%error, "the operators' listener failed");
    }
}

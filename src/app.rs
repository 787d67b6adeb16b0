//! The one place where parts meet: build, router, run until shutdown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{AccountConfig, Accounts, Auth, MessageRetention, derive_key};
use crate::config::Settings;
use crate::database::{ClaimedMessage, Database};
use crate::http::{self, AppState, Health};
use crate::leasing::{Leasing, Letters, Lists, Pictures};
use crate::model::{Clock, Email, Faults, NodeId, PushNotification, Random};
use crate::notify::{Mail, Push, Webhook};
use crate::onec::{Inbox, Queue};
use crate::outbox::{ComposeError, Composer, Outbox, Receivers};
use crate::playback::Playback;
use crate::shutdown::{Drained, Shutdown};
use crate::storage::{Spool, Store};
use crate::telemetry::Metrics;
use crate::upload::{Parts, UploadService};

/// What viewing links of the disk back end are signed with, as derived from `auth.secret`.
const LINKS: &str = "viewing links";

/// What a test may put in the world's place.
#[derive(Clone)]
pub struct World {
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Scripted failures.
    pub faults: Faults,
}

impl World {
    /// The world as it is.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Clock::system(), random: Random::system(), faults: Faults::none() }
    }
}

/// The service, put together, not yet running.
pub struct App {
    /// The settings it was built from.
    pub settings: Settings,
    /// The records.
    pub database: Database,
    /// The store.
    pub store: Store,
    /// The upload engine.
    pub uploads: UploadService,
    /// Sign-in and sessions.
    pub auth: Auth,
    /// Decisions and reminders.
    pub leasing: Leasing,
    /// The accounts of reviewers and of 1C.
    pub accounts: Accounts,
    /// Takes 1C's messages.
    pub inbox: Inbox,
    /// The dispatcher of messages.
    pub outbox: Arc<Outbox>,
    state: Arc<AppState>,
    metrics: Metrics,
}

/// Both listeners, bound: their real addresses are known before anything is served.
pub struct Bound {
    public: TcpListener,
    ops: TcpListener,
}

impl Bound {
    /// Binds both listeners.
    ///
    /// # Errors
    /// When an address is taken.
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let (public, ops) = (settings.http.listen, settings.ops.listen);
        let listen = |name, address| async move {
            TcpListener::bind(address).await.with_context(|| format!("{name} {address}"))
        };
        Ok(Self {
            public: listen("http.listen", public).await?,
            ops: listen("ops.listen", ops).await?,
        })
    }

    /// Where phones are served.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn public_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }

    /// Where operators are served.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ops_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.ops.local_addr()?)
    }
}

impl App {
    /// Puts the service together: connects, brings the tables up to date, opens the store and the
    /// spool. `address` is what links are built from when `http.public_url` is not set.
    ///
    /// # Errors
    /// When a setting cannot be or a dependency is away.
    pub async fn build(
        settings: Settings,
        world: World,
        tasks: TaskTracker,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let Some(secret) = settings.auth.secret.clone() else {
            bail!("auth.secret is not set: make one, for example with `openssl rand -base64 48`");
        };
        let metrics = Metrics::start().context("the metrics cannot be started")?;
        let World { clock, random, faults } = world;
        let database = Database::open(&settings.database).await.context("database.url")?;
        let database = database.with_employees_see(settings.leasing.employees_see);
        database.migrate().await?;
        let home = NodeId::mint(&clock, &random);
        let (store, spool) = open_storage(&settings, &secret, home, &faults).await?;
        let auth =
            Auth::new(database.clone(), &settings.auth, &secret, clock.clone(), random.clone());
        let composer = composer(&settings, &database, &auth, &clock);
        let outbox = outbox(&settings, &database, &clock, &random, composer)?;
        let uploads = UploadService::start(Parts {
            config: settings.upload.clone(),
            rules: Arc::new(settings.inspect.clone()),
            limits: settings.plausibility.clone(),
            database: database.clone(),
            store: store.clone(),
            spool,
            clock: clock.clone(),
            random: random.clone(),
            faults,
            tasks,
            wakeup: outbox.wakeup(),
        })
        .await?;
        let auth = auth.with_wakeup(outbox.wakeup());
        let leasing =
            Leasing::new(database.clone(), clock.clone(), random.clone(), outbox.wakeup());
        let public_url = public_url(&settings, address);
        let (rules, url) = (settings.leasing.clone(), public_url.clone());
        let account_config = account_config(&settings);
        let accounts =
            Accounts::new(database.clone(), clock.clone(), random.clone(), &account_config);
        let lists = Lists::new(database.clone(), clock.clone(), random.clone(), rules, url);
        let inbox = inbox(&settings, &database, &clock, &random);
        let state = AppState {
            uploads: uploads.clone(),
            playback: playback(&settings, &database, &store, &clock, random),
            auth: auth.clone(),
            leasing: leasing.clone(),
            proxies: settings.http.trusted_proxies.clone(),
            lists,
            accounts: accounts.clone(),
            pictures: Pictures::new(database.clone(), clock, settings.leasing.clone()),
            max_picture: settings.onec.max_picture,
            queue: queue(&settings, &database),
            inbox: inbox.clone(),
            limits: settings.http.limits.clone(),
            zone: settings.leasing.time_zone.clone(),
            public_url,
        };
        let (outbox, state) = (Arc::new(outbox), Arc::new(state));
        Ok(Self {
            settings,
            database,
            store,
            uploads,
            auth,
            leasing,
            accounts,
            inbox,
            outbox,
            state,
            metrics,
        })
    }

    /// The public routes.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.state))
    }

    /// Runs until asked to end, then finishes what is under way.
    ///
    /// # Errors
    /// When a setting of the listener cannot be.
    pub async fn run(self, bound: Bound, shutdown: &Shutdown) -> anyhow::Result<()> {
        self.begin_tasks(shutdown);
        // Others must not take us for dead while requests and finishes come to their end.
        let (pulse_ends, pulses) = (CancellationToken::new(), TaskTracker::new());
        if self.uploads.is_shared() {
            pulses.spawn(self.uploads.locks().run_heartbeats(pulse_ends.clone()));
            pulses.spawn(self.uploads.locks().run_release_requests(pulse_ends.clone()));
        }
        let pulse = Arc::new(Pulse {
            database: self.database.clone(),
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            ending: shutdown.soft().clone(),
        });
        // The operators' listener outlives the public one: readiness has to say "no" meanwhile.
        let ops_ends = CancellationToken::new();
        shutdown.spawn(serve_ops(bound.ops, pulse, ops_ends.clone()));
        let config = self.settings.http.clone();
        let grace = config.shutdown_grace;
        let ending = shutdown.soft().clone();
        http::server::serve(bound.public, self.router(), config, ending).await?;
        ops_ends.cancel();
        if shutdown.drain(grace).await == Drained::Cut {
            tracing::warn!("some work was cut; it goes on after the next start");
        }
        pulse_ends.cancel();
        pulses.close();
        pulses.wait().await;
        self.uploads.locks().deregister().await?;
        self.database.close().await;
        tracing::info!("ended");
        Ok(())
    }

    fn begin_tasks(&self, shutdown: &Shutdown) {
        let ending = || shutdown.soft().clone();
        shutdown.spawn(self.uploads.clone().run_sweeps(ending()));
        shutdown.spawn(self.uploads.locks().release_all_on_shutdown(ending()));
        let outbox = &self.settings.outbox;
        let retention = MessageRetention { settled: outbox.keep_delivered, dead: outbox.keep_dead };
        shutdown.spawn(self.auth.clone().keep_purging(retention, ending()));
        let (outbox, stop) = (Arc::clone(&self.outbox), ending());
        shutdown.spawn(async move { outbox.run(&stop).await });
        let reminders =
            self.leasing.clone().keep_reminding(self.settings.leasing.clone(), ending());
        shutdown.spawn(reminders);
    }
}

/// Opens the store and the spool, which must fit together.
async fn open_storage(
    settings: &Settings,
    secret: &SecretString,
    home: NodeId,
    faults: &Faults,
) -> anyhow::Result<(Store, Spool)> {
    let key = derive_key(secret, LINKS);
    let store =
        Store::open(&settings.storage, &key, faults.clone()).await.context("storage.url")?;
    let spool = Spool::open(&settings.upload.spool, home, faults.clone());
    let spool = spool.context("upload.spool")?;
    store.check_spool(&spool)?;
    Ok((store, spool))
}

fn composer(settings: &Settings, database: &Database, auth: &Auth, clock: &Clock) -> Composing {
    let zone = settings.leasing.time_zone.clone();
    Composing(Letters::new(database.clone(), auth.clone(), clock.clone(), zone))
}

fn playback(
    settings: &Settings,
    database: &Database,
    store: &Store,
    clock: &Clock,
    random: Random,
) -> Playback {
    let config = settings.playback.clone();
    Playback::new(database.clone(), store.clone(), clock.clone(), random, config)
}

fn inbox(settings: &Settings, database: &Database, clock: &Clock, random: &Random) -> Inbox {
    let (zone, config) = (settings.leasing.time_zone.clone(), settings.onec.clone());
    Inbox::new(database.clone(), clock.clone(), random.clone(), zone, config)
}

fn queue(settings: &Settings, database: &Database) -> Queue {
    let zone = settings.leasing.time_zone.clone();
    Queue::new(database.clone(), zone, settings.onec.max_page)
}

/// The settings of accounts, from several sections.
pub fn account_config(settings: &Settings) -> AccountConfig {
    AccountConfig {
        failures_per_minute: settings.onec.failures_per_minute,
        rotation_grace: settings.onec.rotation_grace,
        hashing_at_once: settings.auth.hashing_at_once,
        hashing_waiting: settings.auth.hashing_waiting,
    }
}

fn outbox(
    settings: &Settings,
    database: &Database,
    clock: &Clock,
    random: &Random,
    composer: Composing,
) -> anyhow::Result<Outbox> {
    let mail = Mail::from_config(&settings.mail, clock.clone())?;
    if let Some(folder) = mail.folder() {
        tracing::warn!(folder = %folder.display(), "mail.host is not set: letters go to a folder");
    }
    let push = Push::from_config(&settings.notify, clock.clone())?;
    let receivers = Receivers {
        webhook: Webhook::from_config(&settings.notify, clock.clone())?,
        mail: Some(mail),
        push: Some(push),
        composer: Arc::new(composer),
    };
    let config = settings.outbox.clone();
    Ok(Outbox::new(database.clone(), clock.clone(), random.clone(), config, receivers))
}

/// Lends the words of the business side to the outbox.
struct Composing(Letters);

impl Composer for Composing {
    fn letter<'c>(
        &'c self,
        message: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<Email>, ComposeError>> {
        Box::pin(async { Ok(self.0.letter(&message.kind, &message.body).await?) })
    }

    fn note<'c>(
        &'c self,
        message: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<PushNotification>, ComposeError>> {
        Box::pin(async { Ok(self.0.note(&message.kind, &message.body).await?) })
    }
}

/// What clients call us by, without a slash at its end.
#[must_use]
pub fn public_url(settings: &Settings, address: SocketAddr) -> String {
    let listening = || format!("http://{address}");
    let url = settings.http.public_url.clone().unwrap_or_else(listening);
    url.trim_end_matches('/').to_owned()
}

async fn serve_ops(listener: TcpListener, pulse: Arc<Pulse>, stop: CancellationToken) {
    let served = axum::serve(listener, http::ops_router(pulse));
    if let Err(error) = served.with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::warn!(%error, "the operators' listener ended");
    }
}

/// How the service is, for operators' tools.
struct Pulse {
    database: Database,
    store: Store,
    metrics: Metrics,
    ending: CancellationToken,
}

impl Health for Pulse {
    fn metrics(&self) -> String {
        self.metrics.tidy();
        self.metrics.render()
    }

    async fn failures(&self) -> BTreeMap<&'static str, String> {
        let mut failures = BTreeMap::new();
        if self.ending.is_cancelled() {
            failures.insert("service", "is shutting down".to_owned());
        }
        if let Err(error) = self.database.probe().await {
            failures.insert("database", error.to_string());
        }
        if let Err(error) = self.store.probe().await {
            failures.insert("store", error.to_string());
        }
        failures
    }
}

//! The nodes of a storm, each behind proxies to its clients, its database and its store, and the faults that
//! happen to them.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use crate::harness::crashable::Crashable;
use crate::harness::db::Db;
use crate::harness::process::Process;
use crate::harness::receiver::Reply;
use crate::harness::s3::Bucket;
use crate::harness::s3_proxy::{Act, S3Proxy};
use crate::harness::service::{Backend, TestEnv};
use crate::harness::tcp_proxy::TcpProxy;

use super::schedule::{At, Fault, Kind};

/// Limits so short that a storm reaches them often.
const SETTINGS: [(&str, &str); 22] = [
    ("UPLOAD__HEARTBEAT", "200ms"),
    ("UPLOAD__HOLDER_DEAD_AFTER", "2s"),
    ("UPLOAD__RELEASE_WAIT", "1s"),
    ("UPLOAD__LEASE_POLL", "50ms"),
    ("UPLOAD__FINISH_WAIT", "6s"),
    ("UPLOAD__FINISH_TRIES_FOR", "5s"),
    ("UPLOAD__IDLE_TIMEOUT", "10s"),
    ("UPLOAD__SWEEP_EVERY", "5s"),
    ("UPLOAD__FLUSH_BYTES", "262144"),
    ("UPLOAD__FLUSH_EVERY", "500ms"),
    ("UPLOAD__SEGMENT_DELAY", "500ms"),
    ("UPLOAD__SEGMENT_EVERY", "1s"),
    ("UPLOAD__SEGMENT_MIN_BYTES", "65536"),
    ("UPLOAD__ABANDONED_PER_DAY", "1000000"),
    ("DATABASE__STATEMENT_TIMEOUT", "3s"),
    ("DATABASE__ACQUIRE_TIMEOUT", "2s"),
    ("DATABASE__SQLITE_BUSY_TIMEOUT", "2s"),
    ("STORAGE__S3__ANSWER_TIMEOUT", "3s"),
    ("STORAGE__S3__FIRST_PAUSE", "50ms"),
    ("OUTBOX__POLL_EVERY", "500ms"),
    ("OUTBOX__RECORD_WITHIN", "2s"),
    ("NOTIFY__WEBHOOK__TIMEOUT", "2s"),
];
/// How many requests to the store have a byte changed.
const FLIPS: usize = 3;
const NAMES: [&str; 3] = ["one", "two", "three"];

pub(super) struct Cluster {
    pub(super) nodes: Vec<Node>,
    pub(super) env: TestEnv,
    database: Option<Crashable>,
    store: Option<Crashable>,
}

pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) process: Mutex<Process>,
    settings: Vec<(&'static str, String)>,
    clients: TcpProxy,
    database: Option<TcpProxy>,
    store: Option<(TcpProxy, S3Proxy)>,
}

impl Cluster {
    /// One node on SQLite and disk, or three on PostgreSQL and S3; `None` if a server is missing.
    pub(super) async fn start(backend: Backend) -> Option<Self> {
        let (env, database, store) = match backend {
            Backend::Embedded => (TestEnv::prepare(backend).await?, None, None),
            Backend::Shared => {
                let (database, store) = (Crashable::postgres().await?, Crashable::minio().await?);
                let url = format!("postgres://postgres@{}/postgres", database.address);
                let bucket = Bucket::on_server(store.address, &store.folder).await;
                let env = TestEnv::on(Db::on_server(url).await, Some(bucket)).await;
                (env, Some(database), Some(store))
            }
        };
        let count = if backend == Backend::Embedded { 1 } else { NAMES.len() };
        let mut nodes = Vec::new();
        for name in &NAMES[..count] {
            nodes.push(Node::start(&env, name).await);
        }
        Some(Self { nodes, env, database, store })
    }

    /// Ends the nodes. Also returns the servers that the environment needs.
    pub(super) fn into_parts(self) -> (TestEnv, [Option<Crashable>; 2]) {
        (self.env, [self.database, self.store])
    }

    /// The address of a node as its clients see it.
    pub(super) fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].clients.address
    }

    /// Applies the schedule. Returns the faults with their actual times, once everything has healed.
    pub(super) async fn inject(&self, schedule: Vec<Fault>, started: Instant) -> Vec<Fault> {
        let faults = schedule.into_iter().map(|fault| async move {
            sleep_until(started + fault.at).await;
            let at: At = started.elapsed();
            self.apply(fault).await;
            Fault { at, lasts: started.elapsed().saturating_sub(at), ..fault }
        });
        futures_util::future::join_all(faults).await
    }

    async fn apply(&self, fault: Fault) {
        let node = &self.nodes[fault.node];
        match fault.kind {
            Kind::Kill => node.kill_for(&self.env, fault.lasts).await,
            Kind::Suspend => node.suspend_for(fault.lasts).await,
            Kind::CutClients => node.clients.cut(),
            Kind::StallClients => freeze(Some(&node.clients), fault.lasts).await,
            Kind::CutDatabase => node.database.iter().for_each(TcpProxy::cut),
            Kind::StallDatabase => freeze(node.database.as_ref(), fault.lasts).await,
            Kind::CutStore => node.store.iter().for_each(|(proxy, _)| proxy.cut()),
            Kind::StallStore => {
                freeze(node.store.as_ref().map(|(proxy, _)| proxy), fault.lasts).await;
            }
            Kind::FlipRead => node.script_store(Act::Flip),
            Kind::FlipWritten => node.script_store(Act::FlipSent),
            Kind::CrashDatabase => crash(self.database.as_ref(), fault.lasts).await,
            Kind::CrashStore => crash(self.store.as_ref(), fault.lasts).await,
            Kind::LockDatabase => {
                if let Ok(locked) = self.env.db.try_lock_sqlite().await {
                    sleep(fault.lasts).await;
                    drop(locked);
                }
            }
            Kind::RefuseEvent => self.env.receiver.script([Reply::Status(503)]),
        }
    }
}

async fn freeze(proxy: Option<&TcpProxy>, lasts: Duration) {
    let Some(proxy) = proxy else { return };
    proxy.freeze();
    sleep(lasts).await;
    proxy.thaw();
}

async fn crash(server: Option<&Crashable>, lasts: Duration) {
    if let Some(server) = server {
        server.crash_for(lasts).await;
    }
}

impl Node {
    async fn start(env: &TestEnv, name: &'static str) -> Self {
        let mut settings: Vec<_> =
            SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (mut database, mut store) = (None, None);
        if let Some(bucket) = &env.bucket {
            let mut url = url::Url::parse(env.db.config.url.expose_secret()).unwrap();
            let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
            let proxy = database.insert(TcpProxy::in_front_of(upstream).await);
            url.set_port(Some(proxy.address.port())).unwrap();
            settings.push(("DATABASE__URL", url.to_string()));

            let flipping = S3Proxy::in_front_of(&bucket.endpoint, []).await;
            let upstream = flipping.endpoint.trim_start_matches("http://").to_owned();
            let (proxy, _) = store.insert((TcpProxy::in_front_of(upstream).await, flipping));
            settings.push(("STORAGE__S3__ENDPOINT", format!("http://{}", proxy.address)));
        }
        let process = start_process(env, name, &settings).await.unwrap();
        let clients = TcpProxy::in_front_of(process.address.to_string()).await;
        Self { name, process: Mutex::new(process), settings, clients, database, store }
    }

    async fn kill_for(&self, env: &TestEnv, lasts: Duration) {
        let mut process = self.process.lock().await;
        process.kill();
        sleep(lasts).await;
        // A node whose database is away does not start; its supervisor tries again.
        *process = loop {
            match start_process(env, self.name, &self.settings).await {
                Some(process) => break process,
                None => sleep(Duration::from_millis(100)).await,
            }
        };
        self.clients.redirect(process.address.to_string());
    }

    async fn suspend_for(&self, lasts: Duration) {
        let process = self.process.lock().await;
        process.signal("STOP");
        sleep(lasts).await;
        process.signal("CONT");
    }

    fn script_store(&self, act: Act) {
        if let Some((_, flipping)) = &self.store {
            flipping.script([act; FLIPS]);
        }
    }
}

async fn start_process(
    env: &TestEnv,
    name: &str,
    settings: &[(&'static str, String)],
) -> Option<Process> {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
    Process::try_start(env, name, &settings).await
}

//! A storm: persistent clients, nodes that are killed and suspended, networks, databases and stores that break,
//! all drawn from a seed. Afterwards everything that anybody has seen must agree (`checker`).
//!
//! `FORTE_TEST_STORM_SEED` and `FORTE_TEST_STORM_SECONDS` repeat a storm or lengthen it. With the second one, the
//! times to recover are judged, too.

mod checker;
mod client;
mod cluster;
mod dump;
mod form_client;
mod history;
mod read_dump;
mod recorder;
mod recovery;
mod schedule;
mod self_test;
mod tus_client;
mod video;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use forte_media::auth::Tokens;
use forte_media::config::Settings;
use forte_media::model::{Clock, ManualClock, Person, PersonId, Random};
use jiff::SignedDuration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::harness::external::env_var;
use crate::harness::service::{Backend, Options, Service, TestEnv};

use self::checker::{Violation, check};
use self::client::{Client, Storm};
use self::cluster::Cluster;
use self::dump::Dump;
use self::history::History;
use self::recorder::Recorder;
use self::recovery::{Recovery, percentile};
use self::schedule::schedule;

const CLIENTS: i64 = 12;
const DEFAULT_SEED: u64 = 1;
const DEFAULT_SECONDS: u64 = 30;
/// Within this time after the last fault, everything is finished.
const HEALED_WITHIN: Duration = Duration::from_mins(1);
/// The median of all times to recover is below this.
const MEDIAN_RECOVERY: Duration = Duration::from_millis(500);
/// `upload.holder_dead_after` of the cluster, and one second.
const RECOVERY_AFTER_KILL: Duration = Duration::from_secs(3);

const UUID_LENGTH: usize = 36;

struct Parameters {
    seed: u64,
    length: Duration,
    /// Whether no other tests disturb the times.
    is_alone: bool,
}

impl Parameters {
    fn read() -> Self {
        let number = |name, default| env_var(name).map_or(default, |text| text.parse().unwrap());
        let seconds = number("FORTE_TEST_STORM_SECONDS", DEFAULT_SECONDS);
        let seed = number("FORTE_TEST_STORM_SEED", DEFAULT_SEED);
        let is_alone = env_var("FORTE_TEST_STORM_SECONDS").is_some();
        Self { seed, length: Duration::from_secs(seconds), is_alone }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_loses_nothing_on_sqlite_and_disk() {
    Box::pin(survive(Backend::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_loses_nothing_on_postgresql_and_s3() {
    Box::pin(survive(Backend::Shared)).await;
}

async fn survive(backend: Backend) {
    let parameters = Parameters::read();
    let Some(cluster) = Cluster::start(backend).await else { return };
    let (history, cluster) = Box::pin(run_storm(cluster, backend, &parameters)).await;
    let dump = Box::pin(drain(cluster)).await;
    let (violations, recovery) = (check(&history, &dump), Recovery::of(&history));
    let summary = summary(backend, &parameters, &history, &violations, &recovery);
    // The test runner captures eprintln!.
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{summary}").unwrap();
    let affected = histories(&history, &violations);
    assert!(violations.is_empty(), "{summary}\n{violations:#?}\n{affected}");
    if parameters.is_alone {
        let median = percentile(&recovery.all, 50);
        assert!(median < MEDIAN_RECOVERY, "{summary}");
        let slowest = percentile(&recovery.after_kill, 99);
        assert!(slowest < RECOVERY_AFTER_KILL, "{summary}");
    }
}

/// Runs clients and faults on a cluster, and returns when every video is stored or the time is over.
async fn run_storm(
    cluster: Cluster,
    backend: Backend,
    parameters: &Parameters,
) -> (History, Cluster) {
    let env = &cluster.env;
    let _clock = follow_system_clock(env.fixture.manual_clock.clone());
    let settings = Settings::load(None, env.variables("clients")).unwrap().auth;
    let secret = settings.secret.clone().unwrap();
    let tokens = Tokens::new(&settings, &secret, env.fixture.clock.clone(), Random::seeded(8));
    let nodes = cluster.nodes.len();
    let (recorder, over) = (Recorder::start(), CancellationToken::new());
    let storm = Arc::new(Storm { cluster, recorder, tokens, over });
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let person = add_driver(&storm.cluster.env, number).await;
        let random = Random::seeded(parameters.seed * 1_000 + number.unsigned_abs());
        let http = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
        clients.spawn(Client { storm: Arc::clone(&storm), person, random, http }.run());
    }
    let plan = schedule(&Random::seeded(parameters.seed), (backend, nodes), parameters.length);
    let faults = storm.cluster.inject(plan, storm.recorder.started).await;
    storm.over.cancel();
    let _unfinished =
        timeout(HEALED_WITHIN, async { while clients.join_next().await.is_some() {} }).await;
    clients.shutdown().await;
    let Ok(Storm { cluster, recorder, .. }) = Arc::try_unwrap(storm) else {
        panic!("a client still runs")
    };
    (History { deliveries: recorder.finish(), faults, nodes }, cluster)
}

/// Real processes use the system clock; the receiver and the tokens that of the fixture.
fn follow_system_clock(clock: ManualClock) -> AbortOnDropHandle<()> {
    let system = Clock::system();
    clock.set(system.now());
    let following = async move {
        loop {
            clock.set(system.now());
            sleep(Duration::from_millis(50)).await;
        }
    };
    AbortOnDropHandle::new(tokio_util::task::TaskTracker::new().spawn(following))
}

/// Each client is a person of its own, because a person may have only a few uploads open.
async fn add_driver(env: &TestEnv, number: i64) -> Person {
    let driver = Person { id: PersonId(1_000 + number), ..env.fixture.driver };
    env.fixture.person(driver).await
}

/// Ends the processes, lets every open upload expire, delivers what is due, and reads what is left.
async fn drain(cluster: Cluster) -> Dump {
    let leases = wait_for_released_leases(&cluster.env).await;
    let (mut memory, mut exited) = (Vec::new(), Vec::new());
    let names: Vec<_> = cluster.nodes.iter().map(|node| node.name).collect();
    for node in &cluster.nodes {
        let mut process = node.process.lock().await;
        match process.child.try_wait().unwrap() {
            None => memory.push(process.peak_memory()),
            Some(_) => exited.push(node.name.to_owned()),
        }
        process.kill();
    }
    let (mut env, servers) = cluster.into_parts();
    for name in names {
        let service = Service::on(env, name, Options::default()).await;
        service.manual_clock().advance(SignedDuration::from_hours(24 * 8));
        super::sweep_all(&service).await;
        while service.deliver().await > 0 {}
        env = service.crash().await;
    }
    let dump = Dump { leases, memory, exited, ..read_dump::read(&env).await };
    drop((env, servers));
    dump
}

/// The leases that are still held after the last client has finished. A creation whose statement was lost leaves
/// one for a minute.
async fn wait_for_released_leases(env: &TestEnv) -> Vec<String> {
    for _ in 0..750 {
        if read_dump::leases(env).await.is_empty() {
            return Vec::new();
        }
        sleep(Duration::from_millis(100)).await;
    }
    read_dump::leases(env).await
}

/// The history of each report that a violation names, and all faults.
fn histories(history: &History, violations: &[Violation]) -> String {
    let violations = format!("{violations:?}");
    let affected = history.deliveries.iter().filter(|delivery| {
        let steps = format!("{:?}", delivery.steps);
        violations.contains(&delivery.report)
            || violations.split('"').any(|id| id.len() == UUID_LENGTH && steps.contains(id))
    });
    let affected: Vec<_> = affected.map(|delivery| format!("{delivery:?}")).collect();
    format!("{}\n{:?}", affected.join("\n"), history.faults)
}

fn summary(
    backend: Backend,
    Parameters { seed, length, .. }: &Parameters,
    history: &History,
    violations: &[Violation],
    recovery: &Recovery,
) -> String {
    let stored = history.deliveries.iter().filter(|delivery| delivery.is_stored());
    let (uploads, bytes) =
        stored.fold((0, 0), |(uploads, bytes), delivery| (uploads + 1, bytes + delivery.length));
    let mut faults = BTreeMap::new();
    for fault in &history.faults {
        *faults.entry(fault.kind).or_insert(0) += 1;
    }
    let times = |sorted: &[Duration]| {
        let [median, most] = [50, 99].map(|percent| percentile(sorted, percent));
        format!("{} times, median {median:.2?}, 99 % {most:.2?}", sorted.len())
    };
    format!(
        "storm: backend {backend:?}, seed {seed}, {length:?}, uploads {uploads}, bytes {bytes}, \
         faults {faults:?}, violations {}, recovery: {}; after a kill alone: {}",
        violations.len(),
        times(&recovery.all),
        times(&recovery.after_kill)
    )
}

//! The checks behind the operators' routes.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::database::{Database, DatabaseError};
use crate::http::{Health, OpsConfig};
use crate::model::{Clock, error_chain};
use crate::outbox::Outbox;
use crate::storage::{Spool, Store};
use crate::telemetry::Metrics;
use crate::upload::UploadLocks;

/// Limit for each check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A submission gets its turn within seconds, unless something is wrong.
const SEQUENCED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// The name of each check, with the cause if it failed.
pub(super) type Checks = BTreeMap<&'static str, Option<String>>;

/// The last status: frequent polls must not burden the mail server.
pub(super) type LastStatus = Mutex<Option<(Instant, Checks)>>;

/// The check of the mail server that is running, and the result of the last one.
#[derive(Default)]
pub(super) struct MailCheck {
    running: Option<AbortOnDropHandle<Option<String>>>,
    last: Option<String>,
}

pub(super) struct Probe {
    pub(super) database: Database,
    pub(super) locks: Arc<UploadLocks>,
    pub(super) store: Store,
    pub(super) spool: Spool,
    pub(super) outbox: Arc<Outbox>,
    pub(super) clock: Clock,
    pub(super) config: OpsConfig,
    pub(super) metrics: Metrics,
    pub(super) shutdown: CancellationToken,
    pub(super) last: LastStatus,
    pub(super) mail: Mutex<MailCheck>,
}

impl Probe {
    async fn check_all(&self) -> Checks {
        let (database, store, mail, push, clock, outbox, sequencer) = tokio::join!(
            cause(self.locks.check_database()),
            cause(self.store.probe()),
            self.check_mail(),
            cause(self.outbox.check_push()),
            cause(self.check_clock()),
            cause(self.check_outbox()),
            cause(self.check_sequencer()),
        );
        let quota = self.store.last_full();
        [
            ("database", database),
            ("store", store),
            ("quota", quota),
            ("mail", mail),
            ("push", push),
            ("clock", clock),
            ("outbox", outbox),
            ("sequencer", sequencer),
        ]
        .into()
    }

    /// A mail server may delay its answers for longer than a poll can wait. Then the check goes on, and the
    /// result of the last one counts.
    async fn check_mail(&self) -> Option<String> {
        let mut mail = self.mail.lock().await;
        let mut check = mail.running.take().unwrap_or_else(|| {
            let outbox = Arc::clone(&self.outbox);
            // A shutdown does not wait for it.
            AbortOnDropHandle::new(TaskTracker::new().spawn(async move {
                outbox.check_mail().await.err().map(|error| error_chain(&error))
            }))
        });
        match timeout(CHECK_TIMEOUT, &mut check).await {
            Ok(Ok(result)) => mail.last = result,
            Ok(Err(panic)) => mail.last = Some(panic.to_string()),
            Err(_) => mail.running = Some(check),
        }
        mail.last.clone()
    }

    /// Compares this node's clock with the one of the database server. Links, tokens and leases depend on
    /// it.
    async fn check_clock(&self) -> Result<(), Unhealthy> {
        let Some(theirs) = self.database.server_time().await? else { return Ok(()) };
        let ours = self.clock.now();
        let difference = ours.duration_since(theirs);
        if difference.abs() <= self.config.max_clock_difference {
            return Ok(());
        }
        Err(Unhealthy::Clock { ours, theirs })
    }

    async fn check_outbox(&self) -> Result<(), Unhealthy> {
        let Some((channel, since)) = self.outbox.oldest().await? else { return Ok(()) };
        let age = self.clock.now().duration_since(since);
        if age <= self.config.max_outbox_age {
            return Ok(());
        }
        Err(Unhealthy::Outbox { channel: channel.as_str(), age })
    }

    async fn check_sequencer(&self) -> Result<(), Unhealthy> {
        if let Some(why) = self.database.sequencer_problem().await? {
            return Err(Unhealthy::Sequencer(why));
        }
        let Some(since) = self.database.oldest_unpublished().await? else { return Ok(()) };
        let age = self.clock.now().duration_since(since);
        if age <= SEQUENCED_WITHIN { Ok(()) } else { Err(Unhealthy::Unsequenced { age }) }
    }
}

#[derive(Debug, thiserror::Error)]
enum Unhealthy {
    #[error("{0}")]
    Sequencer(String),
    #[error("a submission has waited for {age:#} for its turn in 1C's queue; the log says why")]
    Unsequenced { age: SignedDuration },
    #[error("the clock of this node shows {ours}, the one of the database server {theirs}")]
    Clock { ours: Timestamp, theirs: Timestamp },
    #[error("a message has waited for {age:#} on the channel {channel}; see `events list`")]
    Outbox { channel: &'static str, age: SignedDuration },
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Health for Probe {
    fn metrics(&self) -> String {
        self.metrics.render()
    }

    async fn unready(&self) -> BTreeMap<&'static str, String> {
        let mut causes = BTreeMap::new();
        if self.shutdown.is_cancelled() {
            causes.insert("service", "is shutting down".to_owned());
        }
        if let Some(cause) = cause(self.spool.probe()).await {
            causes.insert("spool", cause);
        }
        causes
    }

    async fn status(&self) -> Checks {
        // Held during the checks: concurrent polls share one result.
        let mut last = self.last.lock().await;
        if let Some((at, checks)) = &*last
            && at.elapsed() < self.config.status_every.unsigned_abs()
        {
            return checks.clone();
        }
        let checks = Box::pin(self.check_all()).await;
        *last = Some((Instant::now(), checks.clone()));
        checks
    }
}

async fn cause<E: Error + 'static>(check: impl Future<Output = Result<(), E>>) -> Option<String> {
    match timeout(CHECK_TIMEOUT, check).await {
        Ok(result) => result.err().map(|error| error_chain(&error)),
        Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
    }
}

//! The life of an upload: create, append, status, terminate, finish, expire.
//!
//! One engine for every door. A door parses its dialect into [`NewVideo`], [`Append`] or
//! [`OneShot`] and renders what comes back; nothing in here knows which dialect was spoken.
//!
//! Rules that hold everywhere: only durable bytes are acknowledged and an acknowledged offset never
//! goes down; `offset = length` is not shown before the one transaction has committed; nothing is
//! held while waiting for a phone; one writer for each upload, the newest wins.

mod append;
mod bench;
mod checksum;
mod config;
mod create;
mod desk;
mod error;
mod finish;
mod guard;
mod head;
mod lease;
mod nodes;
mod one_shot;
mod plausible;
mod preflight;
mod pump;
mod secret;
mod status;
mod sweep;
mod told;
mod warm;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::database::{Database, Kind};
use crate::inspect;
use crate::model::{Clock, Faults, Length, NodeId, PersonId, PlausibilityConfig, Random};
use crate::storage::{Spool, Store};

pub use crate::database::Details;
pub use crate::inspect::PreviewCoverage;
pub use append::{Append, Appended};
pub use checksum::{Algorithm, Checksum};
pub use config::{Config, Reuse, Segments};
pub use create::{Created, NewVideo};
pub use error::UploadError;
pub use finish::Stored;
pub use one_shot::{OneShot, Said};
pub use preflight::{Place, Preflight, Preflighted};
pub use secret::Secret;
pub use status::Status;
pub use sweep::Swept;

use desk::Desk;
use nodes::Neighbours;
use preflight::Preflights;
use warm::Shelf;

/// The bytes of a request, as they arrive. An error is the end of what will come.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// Whatever ended a body before its time.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Who asks for an upload, and by what right.
#[derive(Clone)]
pub struct Access {
    /// The secret of the URL.
    pub secret: Secret,
    /// The verified caller, if there is one. Somebody else's is worse than none (S23).
    pub caller: Option<PersonId>,
}

/// What the engine is made of.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The rules of the inspection.
    pub rules: Arc<inspect::Config>,
    /// From where on something about a video is odd.
    pub limits: PlausibilityConfig,
    /// The records.
    pub database: Database,
    /// The store of finished videos and segments.
    pub store: Store,
    /// This node's folder.
    pub spool: Spool,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
    /// Scripted failures.
    pub faults: Faults,
    /// Where tasks run.
    pub tasks: TaskTracker,
    /// Rung when something was written to the outbox.
    pub wakeup: Arc<Notify>,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct UploadService(Arc<Inner>);

struct Inner {
    parts: Parts,
    node: NodeId,
    segmented: bool,
    desk: Desk,
    shelf: Shelf,
    readers: Arc<Semaphore>,
    neighbours: Neighbours,
    preflights: Preflights,
}

impl std::ops::Deref for UploadService {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl UploadService {
    /// Puts the engine together and says in the database that this node begins: whatever the process
    /// before it held is free.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(parts: Parts) -> Result<Self, UploadError> {
        let segmented = match parts.config.segments {
            Segments::Auto => parts.database.kind() == Kind::Postgres,
            Segments::On => true,
            Segments::Off => false,
        };
        let home = parts.spool.id();
        // Without segments every acknowledged byte was flushed to the spool, so a restarted process
        // may trust what it finds there: it keeps the folder's name. With segments nothing is
        // flushed, and what a dead process left is not trusted.
        let node = if segmented { NodeId::mint(&parts.clock, &parts.random) } else { home };
        parts.database.register_node(node, &home.to_string()).await?;
        let inner = Inner {
            node,
            segmented,
            desk: Desk::default(),
            shelf: Shelf::new(parts.config.scan_cache_limit, parts.config.scan_cache_bytes),
            readers: Arc::new(Semaphore::new(parts.config.readers.max(1))),
            neighbours: Neighbours::default(),
            preflights: Preflights::new(&parts.config),
            parts,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The longest video that is taken, in bytes.
    #[must_use]
    pub fn max_length(&self) -> Length {
        self.config.max_length
    }

    /// How long a body may bring nothing before it counts as cut.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        span(self.config.idle_timeout)
    }

    /// When an upload made at `created` ends, if its last acknowledged byte came now.
    fn expiry(&self, created: Timestamp) -> Timestamp {
        let idle = later(self.clock.now(), self.config.expires_after);
        idle.min(later(created, self.config.expires_at_most))
    }
}

/// `step` after `from`, or the end of time.
fn later(from: Timestamp, step: SignedDuration) -> Timestamp {
    from.checked_add(step).unwrap_or(Timestamp::MAX)
}

/// A setting as the runtime wants it.
fn span(setting: SignedDuration) -> Duration {
    setting.unsigned_abs()
}

/// Rests between two rounds of something that is done now and then, but not longer than until `stop`.
async fn rest(period: SignedDuration, stop: &CancellationToken) {
    let _cut_short = stop.run_until_cancelled(sleep(span(period))).await;
}

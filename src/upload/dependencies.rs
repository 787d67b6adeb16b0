//! The dependencies of the upload service.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot};
use tokio_util::task::TaskTracker;

use crate::database::{Database, Kind};
use crate::inspect;
use crate::model::{Clock, Faults, PlausibilityConfig, Random};
use crate::storage::{Spool, Store};

use super::config::{Config, Segments};
use super::error::UploadError;

pub struct Dependencies {
    pub config: Config,
    /// The rules of the inspection.
    pub rules: Arc<inspect::Config>,
    /// The thresholds of the verdicts on plausibility.
    pub limits: PlausibilityConfig,
    pub database: Database,
    pub store: Store,
    pub spool: Spool,
    pub clock: Clock,
    pub random: Random,
    pub faults: Faults,
    pub tasks: TaskTracker,
    /// Wakes the dispatcher of the outbox.
    pub wakeup: Arc<Notify>,
}

impl Dependencies {
    /// Whether acknowledged bytes are in shared storage, so that other nodes can continue an upload.
    pub(super) fn is_segmented(&self) -> bool {
        match self.config.segments {
            Segments::Auto => self.database.kind() == Kind::Postgres,
            Segments::On => true,
            Segments::Off => false,
        }
    }

    /// A place where a test loses the answer of the database to a statement that took effect.
    pub(super) fn pass_answer(&self, place: &'static str) -> Result<(), UploadError> {
        self.faults.pass(place).map_err(|fault| UploadError::Unavailable("database", fault.into()))
    }

    /// Runs a future in a task that goes on when the request is cancelled.
    pub(super) async fn detached<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, UploadError>> + Send + 'static,
    ) -> Result<T, UploadError> {
        let (sender, receiver) = oneshot::channel();
        let task = self.tasks.spawn(async move {
            // A result that nobody waits for is dropped here, in the task that a shutdown waits for:
            // dropping a session starts another task.
            let _undelivered = sender.send(future.await);
        });
        match (receiver.await, task.await) {
            (Ok(result), _) => result,
            (Err(error), Ok(())) => Err(UploadError::Internal(error.into())),
            (Err(_), Err(panic)) => Err(UploadError::Internal(panic.into())),
        }
    }
}

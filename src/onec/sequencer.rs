//! The sequencer of 1C's queue. A finish does not assign a turn itself: it would hold the counter of the
//! turns until its commit, and all other finishes would wait for it.

use jiff::SignedDuration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, DatabaseError};
use crate::model::error_chain;

/// Submissions per transaction.
const BATCH: u32 = 500;

/// Assigns turns to new submissions. Each node runs one; the database serializes them.
#[derive(Clone)]
pub struct Sequencer {
    database: Database,
    every: SignedDuration,
}

impl Sequencer {
    pub const fn new(database: Database, every: SignedDuration) -> Self {
        Self { database, every }
    }

    /// Runs until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        loop {
            if let Some(Err(error)) = cancel.run_until_cancelled(self.assign_turns()).await {
                let error = error_chain(&error);
                tracing::warn!(%error, "submissions got no turn in 1C's queue, retrying");
            }
            let pause = sleep(self.every.unsigned_abs());
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Assigns turns to all submissions without one.
    pub async fn assign_turns(&self) -> Result<(), DatabaseError> {
        while self.database.assign_turns(BATCH).await? == u64::from(BATCH) {}
        Ok(())
    }
}

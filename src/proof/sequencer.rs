//! The sequencer of 1C's queue. A finish does not assign a turn itself: it would hold the counter of the
//! turns until its commit, and all other finishes would wait for it.
//!
//! Each node runs a sequencer, and the one with the lease works. A batch of turns is planned in the
//! database, written to the journal in the store, and published, in this order. Each step can be repeated,
//! by this node or by the next holder of the lease.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::database::{Database, DatabaseError, PlannedBatch, SEQUENCER_VERSION};
use crate::model::{NodeId, error_chain};
use crate::storage::{JournalKey, StorageError, Store};

use super::journal::{has_same_turns, key_of, lines_of};

/// Submissions in one batch.
const BATCH: u32 = 256;

/// How long a reader of the queue waits for the turns of the latest submissions.
const READER_WAITS: Duration = Duration::from_secs(2);

/// How often the journal is compared again while the database is behind it.
const RECHECK_EVERY: Duration = Duration::from_secs(10);

/// Assigns turns to new submissions.
pub struct Sequencer {
    database: Database,
    store: Store,
    node: NodeId,
    every: SignedDuration,
    /// Held by the round that is running.
    checked: Mutex<Checked>,
}

/// What is known about the journal.
#[derive(Clone, Copy)]
enum Checked {
    /// Nothing yet.
    No,
    /// It does not go beyond the database. Valid as long as the lease has this fence, and no connection to
    /// the database has failed since.
    Matches { fence: i64, at: Instant },
    /// It goes beyond the database.
    Ahead { at: Instant },
}

/// Why a round failed. The next one tries again.
#[derive(Debug, thiserror::Error)]
pub enum SequencerError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database is older than what 1C has seen.
    #[error(
        "the database is older than the journal in the store: it knows the turns of 1C's queue up to \
         {turn}, the journal has {key}; new submissions are kept from 1C until the newer database is \
         back"
    )]
    Behind { turn: i64, key: JournalKey },
}

impl Sequencer {
    pub fn new(database: Database, store: Store, node: NodeId, every: SignedDuration) -> Self {
        Self { database, store, node, every, checked: Mutex::new(Checked::No) }
    }

    /// Runs until cancelled.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut last_error = String::new();
        loop {
            match cancel.run_until_cancelled(Box::pin(self.assign_turns())).await {
                Some(Err(error)) => {
                    let error = error_chain(&error);
                    if error != last_error {
                        tracing::warn!(%error, "submissions got no turn in 1C's queue, retrying");
                    }
                    last_error = error;
                }
                Some(Ok(())) | None => last_error.clear(),
            }
            let pause = sleep(self.every.unsigned_abs());
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Tries to assign turns before the queue is read, so that a page has everything that was stored
    /// before the request. Without success the page has what has a turn already.
    pub async fn prepare_page(&self) {
        if let Ok(Err(error)) = timeout(READER_WAITS, Box::pin(self.assign_turns())).await {
            tracing::debug!(%error, "a page of 1C's queue may lack the latest submissions");
        }
    }

    /// Assigns turns to all submissions without one, if this node has the lease or can take it.
    pub async fn assign_turns(&self) -> Result<(), SequencerError> {
        let mut checked = self.checked.lock().await;
        let is_done = match *checked {
            Checked::No => false,
            Checked::Matches { at, .. } => {
                !self.database.has_failed_since(at.into_std())
                    && !self.database.has_unpublished_turns().await?
            }
            Checked::Ahead { at } => at.elapsed() < RECHECK_EVERY,
        };
        if is_done {
            return Ok(());
        }
        let Some(fence) = self.database.hold_sequencer(self.node, SEQUENCER_VERSION).await? else {
            *checked = Checked::No;
            return Ok(());
        };
        self.check_journal(&mut checked, fence).await?;
        while let Some(batch) = self.database.plan_turns(fence, BATCH).await? {
            self.write_journal(&mut checked, fence, &batch).await?;
            if !self.database.publish_turns(fence).await? {
                *checked = Checked::No;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Compares the database with the journal, unless that was done under this lease.
    async fn check_journal(&self, checked: &mut Checked, fence: i64) -> Result<(), SequencerError> {
        let at = Instant::now();
        if let Checked::Matches { fence: known, at } = *checked
            && known == fence
            && !self.database.has_failed_since(at.into_std())
        {
            return Ok(());
        }
        let turn = self.database.last_planned_turn().await?;
        if let Some(key) = self.store.journal_from(turn.saturating_add(1)).await? {
            return self.stop(checked, fence, SequencerError::Behind { turn, key }).await;
        }
        self.database.set_sequencer_problem(fence, "").await?;
        *checked = Checked::Matches { fence, at };
        Ok(())
    }

    /// A batch of this name that gives the turns to other submissions is from a newer database.
    async fn write_journal(
        &self,
        checked: &mut Checked,
        fence: i64,
        batch: &PlannedBatch,
    ) -> Result<(), SequencerError> {
        let Some(key) = key_of(batch) else { return Ok(()) };
        match self.store.put_journal(&key, lines_of(batch)).await {
            Err(StorageError::Mismatch { .. })
                if !has_same_turns(&self.store.read_journal(&key).await?, batch) =>
            {
                let turn = key.first.saturating_sub(1);
                self.stop(checked, fence, SequencerError::Behind { turn, key }).await
            }
            Ok(()) | Err(StorageError::Mismatch { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn stop(
        &self,
        checked: &mut Checked,
        fence: i64,
        error: SequencerError,
    ) -> Result<(), SequencerError> {
        *checked = Checked::Ahead { at: Instant::now() };
        self.database.set_sequencer_problem(fence, &error.to_string()).await?;
        Err(error)
    }
}

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

/// How often a failure that goes on is logged.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Assigns turns to new submissions.
pub struct Sequencer {
    database: Database,
    store: Store,
    node: NodeId,
    every: SignedDuration,
    /// Held by the round that is running.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether the database was compared with the journal since the last failure. That is also done before
    /// each batch is written.
    is_checked: bool,
    /// When the database was found to be behind the journal.
    behind_since: Option<Instant>,
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
        Self { database, store, node, every, state: Mutex::default() }
    }

    /// Runs until cancelled.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut logged_at: Option<Instant> = None;
        loop {
            match cancel.run_until_cancelled(Box::pin(self.assign_turns())).await {
                Some(Err(error)) if logged_at.is_none_or(|at| at.elapsed() >= LOG_EVERY) => {
                    let error = error_chain(&error);
                    tracing::warn!(%error, "submissions got no turn in 1C's queue, retrying");
                    logged_at = Some(Instant::now());
                }
                Some(Err(_)) | None => {}
                Some(Ok(())) => logged_at = None,
            }
            let pause = sleep(self.every.unsigned_abs());
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Tries to assign turns before the queue is read, so that a page has everything that was stored
    /// before the request. If that fails, the page contains only submissions that already have a turn.
    pub async fn prepare_page(&self) {
        if let Ok(Err(error)) = timeout(READER_WAITS, Box::pin(self.assign_turns())).await {
            tracing::debug!(%error, "a page of 1C's queue may lack the latest submissions");
        }
    }

    /// Assigns turns to all submissions without one, if this node has the lease or can take it.
    pub async fn assign_turns(&self) -> Result<(), SequencerError> {
        let mut state = self.state.lock().await;
        if state.behind_since.is_some_and(|since| since.elapsed() < RECHECK_EVERY) {
            return Ok(());
        }
        let assigned = self.assign(&mut state).await;
        state.is_checked &= assigned.is_ok();
        state.behind_since =
            matches!(assigned, Err(SequencerError::Behind { .. })).then(Instant::now);
        assigned
    }

    async fn assign(&self, state: &mut State) -> Result<(), SequencerError> {
        while !state.is_checked || self.database.has_unpublished_turns().await? {
            let held = self.database.hold_sequencer(self.node, SEQUENCER_VERSION).await?;
            let Some(fence) = held else {
                state.is_checked = false;
                return Ok(());
            };
            self.check_journal(fence, state).await?;
            let Some(batch) = self.database.plan_turns(fence, BATCH).await? else { return Ok(()) };
            self.write_journal(fence, &batch).await?;
            state.is_checked = self.database.publish_turns(fence).await?;
        }
        Ok(())
    }

    /// Fails if the journal has a batch after the last published turn other than the planned one. Then this
    /// database is older than the journal: a restored backup, or a fail-over to a lagging standby. That can happen
    /// at any time, so it is checked before each batch.
    async fn check_journal(&self, fence: i64, state: &mut State) -> Result<(), SequencerError> {
        let turn = self.database.last_turn().await?;
        let planned = self.database.planned_turns().await?;
        let planned = planned.map(|(first, last)| JournalKey { first, last });
        match self.store.journal_from(turn.saturating_add(1)).await? {
            Some(key) if Some(key) != planned => return self.stop(fence, turn, key).await,
            _ if state.is_checked => {}
            _ => self.database.set_sequencer_problem(fence, "").await?,
        }
        state.is_checked = true;
        Ok(())
    }

    /// If the object exists and assigns these turns to other submissions, a newer database has written it: stops.
    async fn write_journal(&self, fence: i64, batch: &PlannedBatch) -> Result<(), SequencerError> {
        let Some(key) = key_of(batch) else { return Ok(()) };
        match self.store.put_journal(&key, lines_of(batch)).await {
            Err(StorageError::Mismatch { .. })
                if !has_same_turns(&self.store.read_journal(&key).await?, batch) =>
            {
                self.stop(fence, key.first.saturating_sub(1), key).await
            }
            Ok(()) | Err(StorageError::Mismatch { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn stop(&self, fence: i64, turn: i64, key: JournalKey) -> Result<(), SequencerError> {
        let error = SequencerError::Behind { turn, key };
        self.database.set_sequencer_problem(fence, &error.to_string()).await?;
        Err(error)
    }
}

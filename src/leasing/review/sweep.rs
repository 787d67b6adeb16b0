//! Makes decisions of the console effective when they cannot be undone any more. Every node does; of several
//! that find the same decision, one wins.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::database::{DatabaseError, Settled};
use crate::model::{DecisionId, error_chain};

use super::service::Review;

/// Interval between two purges. Claims and decisions live for minutes and weeks.
const PURGE_EVERY: Duration = Duration::from_mins(1);

impl Review {
    /// Settles due decisions at an interval, until cancelled.
    pub async fn keep_settling(self, cancel: CancellationToken) {
        let every = self.config.settle_every.unsigned_abs();
        let mut purged_at = Instant::now();
        loop {
            let round = async {
                if let Err(error) = self.settle_due().await {
                    let error = error_chain(&error);
                    tracing::warn!(error, "decisions could not be settled, retrying later");
                }
                if purged_at.elapsed() >= PURGE_EVERY {
                    purged_at = Instant::now();
                    self.purge_logged().await;
                }
            };
            // A transaction that is abandoned is rolled back, and its decision stays pending.
            if cancel.run_until_cancelled(round).await.is_none()
                || cancel.run_until_cancelled(sleep(every)).await.is_none()
            {
                return;
            }
        }
    }

    /// Makes the decisions that are due effective, or void if their report has changed. Returns how many
    /// were settled. One that fails does not keep the others from being settled.
    pub async fn settle_due(&self) -> Result<usize, DatabaseError> {
        let now = self.clock.now();
        let due = self.database.due_decisions(now, self.config.settle_batch).await?;
        let (mut settled, mut failure) = (0, None);
        for id in due {
            match self.settle(id).await {
                Ok(()) => settled += 1,
                Err(error) => failure = Some(error),
            }
        }
        if settled > 0 {
            self.wakeup.notify_one();
        }
        failure.map_or(Ok(settled), Err)
    }

    async fn settle(&self, id: DecisionId) -> Result<(), DatabaseError> {
        let settled = self.database.settle_decision(id, &self.enqueue_context()).await?;
        if settled == Settled::Void {
            tracing::info!(decision = %id, "a decision is void, because its report has changed");
        }
        Ok(())
    }

    async fn purge_logged(&self) {
        match self.purge().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "ended claims and old decisions deleted"),
            Err(error) => {
                let error = error_chain(&error);
                tracing::warn!(error, "old decisions could not be deleted, retrying later");
            }
        }
    }

    /// Deletes ended claims and old decisions. Returns the number of deleted rows.
    pub async fn purge(&self) -> Result<u64, DatabaseError> {
        let (now, batch) = (self.clock.now(), self.config.settle_batch);
        let before = now.checked_sub(self.config.keep_decisions).unwrap_or(now);
        let mut rows = 0;
        loop {
            let claims = self.database.purge_claims(now, batch).await?;
            let decisions = self.database.purge_console_decisions(before, batch).await?;
            rows += claims + decisions;
            // While a batch is full, more may be due.
            if claims.max(decisions) < u64::from(batch.max(1)) {
                return Ok(rows);
            }
        }
    }
}

//! Deletion of old messages.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::dispatcher::Outbox;
use crate::database::{DatabaseError, RetentionCutoffs};

/// The shortest retention. A warning is not repeated within a day, and its message is the record of it.
const AT_LEAST: SignedDuration = SignedDuration::from_hours(24);

/// A message that is still tried is not deleted. The longest schedule takes 75.6 hours.
const LONGEST_SCHEDULE: SignedDuration = SignedDuration::from_hours(80);

/// How long messages are kept after their last attempt, and how they are deleted.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Delivered, or without a recipient.
    pub delivered: SignedDuration,
    /// Given up.
    pub dead: SignedDuration,
    /// Mails with codes: as long as the requests for the codes.
    pub codes: SignedDuration,
    pub purge_every: SignedDuration,
    /// Rows per statement.
    pub batch: u32,
}

impl Outbox {
    /// Deletes old messages at an interval, until cancelled.
    pub async fn run_purges(self: Arc<Self>, retention: Retention, cancel: CancellationToken) {
        loop {
            match cancel.run_until_cancelled(self.purge(&retention)).await {
                None => return,
                Some(Ok(0)) => {}
                // More may be due.
                Some(Ok(messages)) if messages >= u64::from(retention.batch) => continue,
                Some(Ok(messages)) => tracing::info!(messages, "old messages deleted"),
                Some(Err(error)) => {
                    tracing::warn!(%error, "old messages could not be deleted, retrying later");
                }
            }
            let pause = tokio::time::sleep(retention.purge_every.unsigned_abs());
            if cancel.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Deletes one batch of each kind of old messages, and returns the number of deleted rows.
    pub async fn purge(&self, retention: &Retention) -> Result<u64, DatabaseError> {
        let now = self.clock.now();
        let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        let cutoffs = RetentionCutoffs {
            delivered: before(retention.delivered.max(AT_LEAST)),
            dead: before(retention.dead.max(AT_LEAST)),
            codes: before(retention.codes),
        };
        let unsent = before(retention.dead.max(LONGEST_SCHEDULE));
        let unsent = self.database.purge_unsent(unsent, retention.batch).await?;
        Ok(unsent + self.database.purge_messages(&cutoffs, retention.batch).await?)
    }
}

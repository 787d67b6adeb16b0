//! Deletion of old sign-ins and messages.

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::service::Auth;
use crate::database::{DatabaseError, RetentionCutoffs};

/// The daily limits count rows of this age, and warnings are not repeated within it.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long messages are kept after their last delivery attempt.
#[derive(Debug, Clone, Copy)]
pub struct MessageRetention {
    /// Delivered, or without a receiver.
    pub settled: SignedDuration,
    /// Given up.
    pub dead: SignedDuration,
}

impl Auth {
    /// Deletes old sign-ins and messages at an interval, until cancelled.
    pub async fn keep_purging(self, retention: MessageRetention, cancel: CancellationToken) {
        let every = self.config.purge_every.unsigned_abs();
        loop {
            log("sign-ins", self.purge_sign_ins().await);
            log("messages", self.purge_messages(retention).await);
            if cancel.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
                return;
            }
        }
    }

    /// Deletes one batch each of code requests, used refresh tokens and ended sessions. Gives the
    /// number of deleted rows.
    pub async fn purge_sign_ins(&self) -> Result<u64, DatabaseError> {
        let batch = self.config.purge_batch;
        let before = self.purge_before();
        let mut rows = self.database.purge_challenges(before, batch).await?;
        rows += self.database.purge_refresh_tokens(before, batch).await?;
        // A session that was not used for so long has no refresh token that is still valid.
        let unused = before - self.config.refresh_ttl;
        rows += self.database.purge_sessions(before, unused, batch).await?;
        Ok(rows)
    }

    /// Deletes one batch of old messages; those that carry codes as early as the code requests. Gives
    /// the number of deleted rows.
    pub async fn purge_messages(&self, retention: MessageRetention) -> Result<u64, DatabaseError> {
        let codes = self.purge_before();
        let now = self.clock.now();
        let before =
            |kept: SignedDuration| now.checked_sub(kept.max(DAY)).unwrap_or(Timestamp::MIN);
        let (delivered, dead) = (before(retention.settled), before(retention.dead));
        let old = RetentionCutoffs { delivered, dead, codes };
        self.database.purge_messages(&old, self.config.purge_batch).await
    }

    /// Older rows affect neither the limits nor an access token that is still valid.
    fn purge_before(&self) -> Timestamp {
        let at_least = DAY.max(self.config.access_ttl * 2);
        self.clock.now() - self.config.purge_after.max(at_least)
    }
}

fn log(what: &'static str, purged: Result<u64, DatabaseError>) {
    match purged {
        Ok(0) => {}
        Ok(rows) => tracing::info!(what, rows, "old rows deleted"),
        Err(error) => tracing::warn!(what, %error, "old rows could not be deleted, retrying later"),
    }
}

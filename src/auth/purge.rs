//! Deletion of old sign-ins.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::accounts::ADDRESS_KNOWN_FOR;
use super::service::Auth;
use crate::database::DatabaseError;

/// The daily limits count rows of this age.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Auth {
    /// Deletes old sign-ins at an interval, until cancelled.
    pub async fn keep_purging(self, cancel: CancellationToken) {
        let every = self.config.purge_every.unsigned_abs();
        loop {
            match cancel.run_until_cancelled(self.purge_sign_ins()).await {
                None => return,
                Some(Ok(0)) => {}
                // More may be due.
                Some(Ok(rows)) if rows >= u64::from(self.config.purge_batch) => continue,
                Some(Ok(rows)) => tracing::info!(rows, "old sign-ins deleted"),
                Some(Err(error)) => {
                    tracing::warn!(%error, "old sign-ins could not be deleted, retrying later");
                }
            }
            if cancel.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
                return;
            }
        }
    }

    /// Deletes one batch each of code requests, used refresh tokens, old sessions and confirmations.
    /// Returns the number of deleted rows.
    pub async fn purge_sign_ins(&self) -> Result<u64, DatabaseError> {
        let batch = self.config.purge_batch;
        let now = self.clock.now();
        let before = now - self.code_retention();
        let mut rows = self.database.purge_challenges(before, batch).await?;
        rows += self.database.purge_refresh_tokens(before, batch).await?;
        rows += self.database.purge_confirmations(now, batch).await?;
        rows += self.database.purge_account_addresses(now - ADDRESS_KNOWN_FOR, batch).await?;
        rows += self.database.forget_push_tokens(before, batch).await?;
        // A session that was not used for so long has no refresh token that is still valid.
        let known_for = self.config.known_for.max(self.config.refresh_ttl);
        let unused = before - known_for;
        rows += self.database.purge_sessions(before, unused, batch).await?;
        let unused = now - self.browser_retention();
        rows += self.database.purge_browser_sessions(unused, batch).await?;
        // After the last session and the last upload of a link are gone.
        rows += self.database.purge_film_links(unused, batch).await?;
        Ok(rows)
    }

    /// How long browser sessions of reviewers and of film links are kept after their last use.
    fn browser_retention(&self) -> SignedDuration {
        self.code_retention().max(self.config.refresh_ttl)
    }

    /// How long code requests and their mails are kept: older ones affect neither the limits nor an
    /// access token that is still valid.
    pub fn code_retention(&self) -> SignedDuration {
        self.config.purge_after.max(DAY).max(self.config.access_ttl * 2)
    }
}

//! Deletion of old messages.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

/// Messages that were completed before these times are deleted.
#[derive(Debug, Clone, Copy)]
pub struct RetentionCutoffs {
    /// For messages that were delivered or dropped.
    pub delivered: Timestamp,
    /// For messages that were given up, which an operator may inspect and replay.
    pub dead: Timestamp,
    /// For mails with codes, whatever their outcome.
    pub codes: Timestamp,
}

/// Each deletes at most $2 messages that were completed before $1, by an index of its own.
const PURGE_COMPLETED: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state IN ('delivered', 'dropped') AND completed_at < $1 LIMIT $2)";
const PURGE_DEAD: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state = 'dead' AND completed_at < $1 LIMIT $2)";
const PURGE_CODES: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE kind IN \
     ('mail.code', 'mail.none') AND state <> 'pending' AND completed_at < $1 LIMIT $2)";

impl Database {
    /// Deletes up to `limit` old messages of each kind. Pending messages are kept.
    pub async fn purge_messages(
        &self,
        cutoffs: &RetentionCutoffs,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut purged = 0;
        for (sql, before) in [
            (PURGE_CODES, cutoffs.codes),
            (PURGE_COMPLETED, cutoffs.delivered),
            (PURGE_DEAD, cutoffs.dead),
        ] {
            purged += query(sql, params![before, limit]).execute(&self.pool).await?;
        }
        Ok(purged)
    }

    /// Deletes up to `limit` messages that were created before this time and are still pending. They are older than
    /// every retry schedule, so their channel has no receiver, for example no webhook is set.
    pub async fn purge_unsent(&self, before: Timestamp, limit: u32) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
            WHERE state = 'pending' AND created_at < $1 AND leased_until < $1 LIMIT $2)";
        query(sql, params![before, limit]).execute(&self.pool).await
    }
}

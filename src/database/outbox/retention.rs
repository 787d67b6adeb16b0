//! Old messages are deleted.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

/// Before when messages were settled that are forgotten.
#[derive(Debug, Clone, Copy)]
pub struct RetentionCutoffs {
    /// Those that were delivered, or that nobody was left to be told.
    pub delivered: Timestamp,
    /// Those that were given up, which somebody may want to look at and replay.
    pub dead: Timestamp,
    /// Whatever became of letters with a code.
    pub codes: Timestamp,
}

/// Which messages go, settled before $1 and at most $2: each kind by an index of its own.
const PURGE_SETTLED: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state IN ('delivered', 'dropped') AND completed_at < $1 LIMIT $2)";
const PURGE_DEAD: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state = 'dead' AND completed_at < $1 LIMIT $2)";
const PURGE_CODES: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE kind IN \
     ('mail.code', 'mail.none') AND state <> 'pending' AND completed_at < $1 LIMIT $2)";

impl Database {
    /// Forgets up to `limit` old messages of each kind. What is still to be told is never forgotten.
    pub async fn purge_messages(
        &self,
        cutoffs: &RetentionCutoffs,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut purged = 0;
        for (sql, before) in [
            (PURGE_CODES, cutoffs.codes),
            (PURGE_SETTLED, cutoffs.delivered),
            (PURGE_DEAD, cutoffs.dead),
        ] {
            purged += query(sql, params![before, limit]).execute(&self.pool).await?;
        }
        Ok(purged)
    }
}

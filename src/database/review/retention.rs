//! Deletion of ended claims and old decisions.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

impl Database {
    /// Deletes up to `limit` claims that ended before `now`.
    pub async fn purge_claims(&self, now: Timestamp, limit: u32) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM claims WHERE ref_key IN (SELECT ref_key FROM claims \
            WHERE until <= $1 LIMIT $2) AND until <= $1";
        query(sql, params![now, limit]).execute(&self.pool).await
    }

    /// Deletes up to `limit` decisions that were made before this time and do not wait to take effect.
    pub async fn purge_console_decisions(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM console_decisions WHERE id IN (SELECT id FROM console_decisions \
            WHERE created_at < $1 AND state <> 'pending' ORDER BY created_at, id LIMIT $2)";
        query(sql, params![before, limit]).execute(&self.pool).await
    }
}

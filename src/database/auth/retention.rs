//! Deletion of old sign-ins.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

impl Database {
    /// Deletes up to `limit` sessions that ended before `ended` or were last used before `used`.
    pub async fn purge_sessions(
        &self,
        ended: Timestamp,
        used: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
            WHERE (ended_at > 0 AND ended_at < $1) OR seen_at < $2 LIMIT $3)";
        query(sql, params![ended, used, limit]).execute(&self.pool).await
    }

    /// Deletes up to `limit` requests for codes that were made before `made`.
    pub async fn purge_challenges(
        &self,
        made: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges \
            WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
        query(sql, params![made, limit]).execute(&self.pool).await
    }

    /// Deletes up to `limit` refresh tokens that were used before `used`, and up to `limit` that expired
    /// before it.
    pub async fn purge_refresh_tokens(
        &self,
        used: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut purged = 0;
        for sql in [
            "DELETE FROM refresh_tokens WHERE rti IN (SELECT rti FROM refresh_tokens \
             WHERE used_at > 0 AND used_at < $1 LIMIT $2)",
            "DELETE FROM refresh_tokens WHERE rti IN (SELECT rti FROM refresh_tokens \
             WHERE expires_at < $1 LIMIT $2)",
        ] {
            purged += query(sql, params![used, limit]).execute(&self.pool).await?;
        }
        Ok(purged)
    }
}

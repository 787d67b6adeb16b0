//! Deletion of old sign-ins.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

impl Database {
    /// Deletes up to `limit` sessions that were last used before `unused`, and up to `limit` that ended before
    /// `ended` because the person signed in again on the same device. The others tell which devices are
    /// known.
    pub async fn purge_sessions(
        &self,
        ended: Timestamp,
        unused: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
            WHERE seen_at < $1 LIMIT $2)";
        let unused = query(sql, params![unused, limit]).execute(&self.pool).await?;
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
            WHERE ended_at > 0 AND ended_at < $1 AND end_reason = 'replaced' LIMIT $2)";
        Ok(unused + query(sql, params![ended, limit]).execute(&self.pool).await?)
    }

    /// Removes the push tokens of up to `limit` sessions that ended before `ended`.
    pub async fn forget_push_tokens(
        &self,
        ended: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "UPDATE sessions SET fcm = '' WHERE id IN (SELECT id FROM sessions \
            WHERE fcm <> '' AND ended_at > 0 AND ended_at < $1 LIMIT $2)";
        query(sql, params![ended, limit]).execute(&self.pool).await
    }

    /// Deletes up to `limit` confirmations of devices that ended before `ended`.
    pub async fn purge_confirmations(
        &self,
        ended: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM confirmed_devices WHERE (biin, uuid) IN (SELECT biin, uuid \
            FROM confirmed_devices WHERE until < $1 ORDER BY until LIMIT $2)";
        query(sql, params![ended, limit]).execute(&self.pool).await
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

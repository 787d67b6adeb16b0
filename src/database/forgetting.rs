//! What nobody needs to know of sign-ins any more.

use jiff::Timestamp;

use super::{Database, DatabaseError};

/// Before when messages were settled that are forgotten.
#[derive(Debug, Clone, Copy)]
pub struct OldMessages {
    /// Those that were delivered, or that nobody was left to be told.
    pub settled: Timestamp,
    /// Those that were given up, which somebody may want to look at and replay.
    pub dead: Timestamp,
    /// Whatever became of letters with a code.
    pub codes: Timestamp,
}

/// Which messages go, settled before $1 and at most $2: each kind by an index of its own.
const PURGE_SETTLED: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state IN ('delivered', 'dropped') AND settled_at < $1 LIMIT $2)";
const PURGE_DEAD: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state = 'dead' AND settled_at < $1 LIMIT $2)";
const PURGE_CODES: &str = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE kind IN ('mail.code', 'mail.none') AND state <> 'pending' AND settled_at < $1 LIMIT $2)";

impl Database {
    /// Forgets up to `limit` sessions that ended before `ended` or were last used before `used`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_sessions(
        &self,
        ended: Timestamp,
        used: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let done = sqlx::query(
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
             WHERE (ended_at > 0 AND ended_at < $1) OR seen_at < $2 LIMIT $3)",
        )
        .bind(ended.as_microsecond())
        .bind(used.as_microsecond())
        .bind(i64::from(limit))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets up to `limit` requests for codes made before `made`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_challenges(
        &self,
        made: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let done = sqlx::query(
            "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges \
             WHERE made_at < $1 ORDER BY made_at LIMIT $2)",
        )
        .bind(made.as_microsecond())
        .bind(i64::from(limit))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets up to `limit` refresh tokens that were used before `used`, and as many that expired
    /// before it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_refreshes(&self, used: Timestamp, limit: u32) -> Result<u64, DatabaseError> {
        let mut purged = 0;
        for sql in [
            "DELETE FROM refreshes WHERE rti IN (SELECT rti FROM refreshes \
             WHERE used_at > 0 AND used_at < $1 LIMIT $2)",
            "DELETE FROM refreshes WHERE rti IN (SELECT rti FROM refreshes \
             WHERE expires_at < $1 LIMIT $2)",
        ] {
            let done = sqlx::query(sql)
                .bind(used.as_microsecond())
                .bind(i64::from(limit))
                .execute(&self.pool)
                .await?;
            purged += done.rows_affected();
        }
        Ok(purged)
    }

    /// Forgets up to `limit` old messages of each kind. What is still to be told is never forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_messages(
        &self,
        old: &OldMessages,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut purged = 0;
        for (sql, before) in
            [(PURGE_CODES, old.codes), (PURGE_SETTLED, old.settled), (PURGE_DEAD, old.dead)]
        {
            let done = sqlx::query(sql)
                .bind(before.as_microsecond())
                .bind(i64::from(limit))
                .execute(&self.pool)
                .await?;
            purged += done.rows_affected();
        }
        Ok(purged)
    }
}

//! The outbox for operators: listed, shown, replayed.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Channel, EventId};

use super::messages::EventState;

/// A message, for operators.
#[derive(Debug, Clone, FromRow)]
pub struct EventRow {
    pub id: EventId,
    pub channel: Channel,
    /// Such as `report.submitted`.
    pub kind: String,
    /// A report's key, or the kind and id of something else, such as `session:…`.
    pub subject: String,
    pub body: String,
    pub state: EventState,
    #[sqlx(try_from = "Stored<u64>")]
    pub attempts: u64,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    /// When the next attempt is due.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    /// No attempt is made after this moment.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub expires_at: Option<Timestamp>,
    /// The status of the last response; 0 without one.
    pub last_status: i64,
    /// Why the last attempt failed.
    pub last_error: String,
}

impl Database {
    /// The newest messages, of one state or of all.
    pub async fn events(
        &self,
        state: Option<EventState>,
        limit: u32,
    ) -> Result<Vec<EventRow>, DatabaseError> {
        let sql = "SELECT id, channel, kind, subject, body, state, attempts, created_at, due_at, \
            expires_at, last_status, last_error FROM outbox WHERE ($1 = '' OR state = $1) \
            ORDER BY id DESC LIMIT $2";
        query(sql, params![state, limit]).all(&self.pool).await
    }

    pub async fn event(&self, id: EventId) -> Result<Option<EventRow>, DatabaseError> {
        let sql = "SELECT id, channel, kind, subject, body, state, attempts, created_at, due_at, \
            expires_at, last_status, last_error FROM outbox WHERE id = $1";
        query(sql, params![id]).optional(&self.pool).await
    }

    /// Makes a message due at once and restarts its retry schedule. Returns whether it exists.
    pub async fn replay_event(&self, id: EventId, now: Timestamp) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox \
            SET state = 'pending', attempts = 0, due_at = $1, leased_until = 0 WHERE id = $2";
        query(sql, params![now, id]).changes_one(&self.pool).await
    }
}

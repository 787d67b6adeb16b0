//! The outbox as operators see it: listed, shown, replayed.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Channel, EventId};

use super::messages::EventState;

/// A message as operators see it.
#[derive(Debug, Clone, FromRow)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// Who is told.
    pub channel: Channel,
    /// Its type.
    pub kind: String,
    /// What it is about: a report's key, a challenge, a session.
    pub subject: String,
    /// Its JSON.
    pub body: String,
    /// Where it is in its life.
    pub state: EventState,
    /// How many tries there were.
    #[sqlx(try_from = "Stored<u64>")]
    pub attempts: u64,
    /// When it was written.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    /// When it is due.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    /// From when on message is of no use.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub expires_at: Option<Timestamp>,
    /// The receiver's last status, 0 when there was none.
    pub last_status: i64,
    /// What went wrong last.
    pub last_error: String,
}

impl Database {
    /// Messages for operators, newest first; of one state, or of all.
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

    /// One message.
    pub async fn event(&self, id: EventId) -> Result<Option<EventRow>, DatabaseError> {
        let sql = "SELECT id, channel, kind, subject, body, state, attempts, created_at, due_at, \
            expires_at, last_status, last_error FROM outbox WHERE id = $1";
        query(sql, params![id]).optional(&self.pool).await
    }

    /// Makes a message due at once, with the whole ladder before it: `true` when it is there.
    pub async fn replay_event(&self, id: EventId, now: Timestamp) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox \
            SET state = 'pending', attempts = 0, due_at = $1, leased_until = 0 WHERE id = $2";
        query(sql, params![now, id]).changes_one(&self.pool).await
    }
}

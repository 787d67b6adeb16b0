//! The outbox as operators see it: listed, shown, replayed.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{count, number, optional_time, parsed, text, time, unreadable};
use crate::model::{Channel, EventId};

use super::messages::{EventState, channel};

/// A message as operators see it.
#[derive(Debug, Clone)]
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
    pub attempts: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// From when on message is of no use.
    pub expires_at: Option<Timestamp>,
    /// The receiver's last status, 0 when there was none.
    pub last_status: i64,
    /// What went wrong last.
    pub last_error: String,
}

impl Database {
    /// Messages for operators, newest first; of one state, or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(
        &self,
        state: Option<EventState>,
        limit: u32,
    ) -> Result<Vec<EventRow>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, channel, kind, subject, body, state, attempts, created_at, due_at, \
             expires_at, last_status, last_error FROM outbox WHERE ($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2",
        )
        .bind(state.map_or("", EventState::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(event).collect()
    }

    /// One message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event(&self, id: EventId) -> Result<Option<EventRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT id, channel, kind, subject, body, state, attempts, created_at, due_at, \
             expires_at, last_status, last_error FROM outbox WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(event).transpose()
    }

    /// Makes a message due at once, with the whole ladder before it: `true` when it is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay_event(&self, id: EventId, now: Timestamp) -> Result<bool, DatabaseError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'pending', attempts = 0, due_at = $1, leased_until = 0 \
             WHERE id = $2",
        )
        .bind(now.as_microsecond())
        .bind(id.to_string())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn event(row: &AnyRow) -> Result<EventRow, DatabaseError> {
    let state = text(row, "state")?;
    Ok(EventRow {
        id: parsed(row, "id")?,
        channel: channel(row)?,
        kind: text(row, "kind")?,
        subject: text(row, "subject")?,
        body: text(row, "body")?,
        state: EventState::from_word(&state).ok_or_else(|| unreadable("state", &state))?,
        attempts: count(row, "attempts")?,
        created_at: time(row, "created_at")?,
        due_at: time(row, "due_at")?,
        expires_at: optional_time(row, "expires_at")?,
        last_status: number(row, "last_status")?,
        last_error: text(row, "last_error")?,
    })
}

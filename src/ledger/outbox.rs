//! Rows of the outbox: claimed with a lease, settled, shown, replayed.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::model::EventId;

use super::rows::{count, micros, number, parsed, text, time, unreadable};
use super::{Ledger, LedgerError, Write};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The report service.
    Webhook,
    /// A person, by mail.
    Mail,
    /// A person's device.
    Push,
}

impl Channel {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
            Self::Push => "push",
        }
    }
}

/// A message to be told.
#[derive(Debug, Clone)]
pub struct Telling {
    /// Its id, the same over all tries.
    pub id: EventId,
    /// Who is told.
    pub channel: Channel,
    /// Its type, such as `report.submitted`.
    pub kind: &'static str,
    /// What it is about: messages about one subject keep their order.
    pub subject: String,
    /// Its JSON.
    pub body: String,
    /// From when on telling is of no use.
    pub expires_at: Option<Timestamp>,
}

/// Writes a message into the transaction that it tells of. Its turn is after every other about its
/// subject; where two transactions may tell of one subject at once, they have locked its row.
pub(super) async fn tell(
    write: &mut Write,
    telling: &Telling,
    now: Timestamp,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO outbox (id, channel, kind, subject, turn, body, state, attempts, created_at, \
         due_at, expires_at, leased_until, last_status, last_error, settled_at) \
         SELECT $1, $2, $3, $4, COALESCE(MAX(turn), 0) + 1, $5, 'pending', 0, $6, $6, $7, 0, 0, '', 0 \
         FROM outbox WHERE subject = $4",
    )
    .bind(telling.id.to_string())
    .bind(telling.channel.as_str())
    .bind(telling.kind)
    .bind(telling.subject.as_str())
    .bind(telling.body.as_str())
    .bind(now.as_microsecond())
    .bind(micros(telling.expires_at))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Where a message is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// To be delivered.
    Pending,
    /// The receiver has said that it has it.
    Delivered,
    /// Given up after the whole ladder, or refused for good. `events replay` begins anew.
    Dead,
}

impl EventState {
    /// The word in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A message somebody has leased to deliver.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id, the same over all tries.
    pub id: EventId,
    /// Its JSON.
    pub body: String,
    /// How many tries there were before this one.
    pub attempts: u64,
    /// Until when it is leased; names the lease.
    pub leased_until: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The message.
    pub id: EventId,
    /// The lease under which it was tried.
    pub leased_until: Timestamp,
    /// Where it is now.
    pub state: EventState,
    /// When it is due again, if pending.
    pub due_at: Timestamp,
    /// The receiver's HTTP status, 0 when there was no answer.
    pub status: u16,
    /// What went wrong, empty when nothing did.
    pub error: String,
    /// The present moment.
    pub now: Timestamp,
}

/// A message as operators see it.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// What it is about: a report's key.
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
    /// The receiver's last status, 0 when there was none.
    pub last_status: i64,
    /// What went wrong last.
    pub last_error: String,
}

/// What waits in the outbox and what was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Messages to be delivered.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
    /// Messages given up.
    pub dead: u64,
}

impl Ledger {
    /// Leases up to `limit` messages that are due. A later message about the same subject waits for
    /// the earlier one, so that order is kept for each report (F23).
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, LedgerError> {
        // The lease is asked for twice: PostgreSQL checks the outer condition again once it has
        // locked the row, the inner one not.
        let rows = sqlx::query(
            "UPDATE outbox SET leased_until = $1, attempts = attempts + 1 WHERE id IN (\
               SELECT o.id FROM outbox o WHERE o.channel = 'webhook' AND o.state = 'pending' \
               AND o.due_at <= $2 \
               AND o.leased_until <= $2 AND NOT EXISTS (SELECT 1 FROM outbox e \
                 WHERE e.subject = o.subject AND e.state = 'pending' AND e.turn < o.turn) \
               ORDER BY o.due_at LIMIT $3) \
             AND state = 'pending' AND leased_until <= $2 \
             RETURNING id, body, attempts, leased_until, created_at",
        )
        .bind(until.as_microsecond())
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().filter_map(readable).collect())
    }

    /// Records what became of a try, if the lease is still this one's: `true` when it was.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn settle_event(&self, settled: &Settled) -> Result<bool, LedgerError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = $1, due_at = $2, leased_until = 0, last_status = $3, \
             last_error = $4, settled_at = $5 WHERE id = $6 AND leased_until = $7",
        )
        .bind(settled.state.as_str())
        .bind(settled.due_at.as_microsecond())
        .bind(i64::from(settled.status))
        .bind(settled.error.as_str())
        .bind(settled.now.as_microsecond())
        .bind(settled.id.to_string())
        .bind(settled.leased_until.as_microsecond())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Messages for operators, newest first; of one state, or of all.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn events(
        &self,
        state: Option<EventState>,
        limit: u32,
    ) -> Result<Vec<EventRow>, LedgerError> {
        let rows = sqlx::query(
            "SELECT id, kind, subject, body, state, attempts, created_at, due_at, last_status, \
             last_error FROM outbox WHERE ($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2",
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
    /// When the ledger fails.
    pub async fn event(&self, id: EventId) -> Result<Option<EventRow>, LedgerError> {
        let row = sqlx::query(
            "SELECT id, kind, subject, body, state, attempts, created_at, due_at, last_status, \
             last_error FROM outbox WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(event).transpose()
    }

    /// Makes a message due at once, with the whole ladder before it: `true` when it is there.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn replay_event(&self, id: EventId, now: Timestamp) -> Result<bool, LedgerError> {
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

    /// What waits and what was given up.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn outbox_depth(&self) -> Result<OutboxDepth, LedgerError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS pending, COALESCE(MIN(created_at), 0) AS oldest, \
             (SELECT COUNT(*) FROM outbox WHERE state = 'dead') AS dead \
             FROM outbox WHERE state = 'pending'",
        )
        .fetch_one(&self.pool)
        .await?;
        let pending = count(&row, "pending")?;
        let oldest = if pending == 0 { None } else { Some(time(&row, "oldest")?) };
        Ok(OutboxDepth { pending, oldest, dead: count(&row, "dead")? })
    }
}

/// One message that cannot be read does not hold the others up (F36).
fn readable(row: &AnyRow) -> Option<Claimed> {
    claimed(row)
        .inspect_err(|error| tracing::error!(%error, "a message in the outbox cannot be read"))
        .ok()
}

fn claimed(row: &AnyRow) -> Result<Claimed, LedgerError> {
    Ok(Claimed {
        id: parsed(row, "id")?,
        body: text(row, "body")?,
        attempts: count(row, "attempts")?.saturating_sub(1),
        leased_until: time(row, "leased_until")?,
        created_at: time(row, "created_at")?,
    })
}

fn event(row: &AnyRow) -> Result<EventRow, LedgerError> {
    let state = text(row, "state")?;
    Ok(EventRow {
        id: parsed(row, "id")?,
        kind: text(row, "kind")?,
        subject: text(row, "subject")?,
        body: text(row, "body")?,
        state: EventState::from_word(&state).ok_or_else(|| unreadable("state", &state))?,
        attempts: count(row, "attempts")?,
        created_at: time(row, "created_at")?,
        due_at: time(row, "due_at")?,
        last_status: number(row, "last_status")?,
        last_error: text(row, "last_error")?,
    })
}

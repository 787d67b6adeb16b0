//! Rows of the outbox: enqueued, claimed with a lease, completed.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::any::AnyRow;

use crate::database::column::{Stored, params, word_columns};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    BuildMessage, Channel, Clock, EventId, OutboxEvent, OutboxMessage, Random, word_enum,
};

/// Enqueues a message in the transaction of the change that it reports. Its `seq` is the highest of its
/// subject. Transactions that may enqueue for one subject concurrently must have locked the row of the
/// subject.
pub(in crate::database) async fn enqueue(
    write: &mut Write,
    message: &OutboxMessage,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO outbox (id, channel, kind, subject, seq, body, state, attempts, \
        created_at, due_at, expires_at, leased_until, last_status, last_error, \
        completed_at) SELECT $1, $2, $3, $4, COALESCE(MAX(seq), 0) + 1, $5, 'pending', 0, $6, $6, \
        $7, 0, 0, '', 0 FROM outbox WHERE subject = $4";
    let OutboxMessage { id, channel, kind, subject, body, expires_at } = message;
    query(sql, params![id, channel, kind, subject, body, now, expires_at]).run(&mut *write).await
}

/// What a transaction needs to enqueue messages.
#[derive(Clone, Copy)]
pub struct EnqueueContext<'c> {
    clock: &'c Clock,
    random: &'c Random,
    build: BuildMessage,
    pub now: Timestamp,
}

impl<'c> EnqueueContext<'c> {
    /// A context whose `now` is the current time.
    pub fn new(clock: &'c Clock, random: &'c Random, build: BuildMessage) -> Self {
        Self { clock, random, build, now: clock.now() }
    }

    pub(in crate::database) fn new_id(&self) -> EventId {
        EventId::mint(self.clock, self.random)
    }

    /// Builds the message of an event, for [`enqueue`].
    pub(in crate::database) fn message(&self, event: &OutboxEvent<'_>) -> OutboxMessage {
        (self.build)(event, self.new_id(), self.now)
    }

    /// Enqueues the message of an event.
    pub(in crate::database) async fn enqueue(
        &self,
        write: &mut Write,
        event: &OutboxEvent<'_>,
    ) -> Result<(), DatabaseError> {
        enqueue(write, &self.message(event), self.now).await
    }
}

word_enum! {
    /// The state of a message.
    EventState {
        /// To be delivered.
        Pending = "pending",
        /// The receiver has acknowledged it.
        Delivered = "delivered",
        /// Given up: every attempt failed, the receiver refused it permanently, or it expired. `events
        /// replay` makes it pending again.
        Dead = "dead",
        /// Not sent, because it no longer had a recipient. This is not an error.
        Dropped = "dropped",
    }
}

word_columns!(EventState);

/// A message that is leased for one attempt.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedMessage {
    /// The same in every attempt.
    pub id: EventId,
    pub channel: Channel,
    pub kind: String,
    /// JSON.
    pub body: String,
    /// The number of earlier attempts.
    #[sqlx(try_from = "Stored<u64>")]
    pub attempts: u64,
    /// The end of the lease, which also identifies it.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub leased_until: Timestamp,
}

/// The outcome of an attempt.
#[derive(Debug, Clone)]
pub struct DeliveryResult {
    pub id: EventId,
    /// The lease of the attempt.
    pub leased_until: Timestamp,
    /// The new state.
    pub state: EventState,
    /// When the next attempt is due, if pending.
    pub due_at: Timestamp,
    /// The status of the response; 0 without one.
    pub status: u16,
    /// Why the message was not delivered; empty if it was.
    pub error: String,
    pub now: Timestamp,
}

/// The error of a message that has expired.
const EXPIRED: &str = "expired before it could be delivered";

/// The numbers of undelivered messages of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxDepth {
    pub channel: Channel,
    pub pending: u64,
    /// When the oldest pending message was enqueued.
    pub oldest: Option<Timestamp>,
    /// Messages that were given up.
    pub dead: u64,
}

impl Database {
    /// Leases up to `limit` messages of a channel that are due and not expired. A message waits while an
    /// earlier one with its subject is pending, so that each report keeps its order (F23).
    pub async fn claim_events(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedMessage>, DatabaseError> {
        // The lease is checked twice, because PostgreSQL evaluates only the outer condition again after
        // it has waited for a row.
        let sql = "UPDATE outbox SET leased_until = $1, attempts = attempts + 1 \
            WHERE id IN (SELECT o.id FROM outbox o \
            WHERE o.channel = $4 AND o.state = 'pending' AND o.due_at <= $2 AND (o.expires_at = 0 \
            OR o.expires_at > $2) AND o.leased_until <= $2 AND NOT EXISTS (SELECT 1 FROM outbox e \
            WHERE e.subject = o.subject AND e.state = 'pending' AND e.seq < o.seq) ORDER BY \
            o.due_at LIMIT $3) AND state = 'pending' AND leased_until <= $2 RETURNING id, channel, \
            kind, body, attempts - 1 AS attempts, leased_until";
        let rows = query(sql, params![until, now, limit, channel]).fetch_all(&self.pool).await?;
        Ok(rows.iter().filter_map(readable).collect())
    }

    /// Marks the expired messages of a channel as dead, except leased ones. They are not attempted any
    /// more and no longer block later messages with their subject. Returns their number.
    pub async fn mark_expired_dead(
        &self,
        channel: Channel,
        now: Timestamp,
    ) -> Result<u64, DatabaseError> {
        let sql = "UPDATE outbox SET state = 'dead', completed_at = $1, last_error = \
            CASE last_error WHEN '' THEN $2 ELSE $2 || '; before that: ' || last_error END \
            WHERE channel = $3 AND state = 'pending' AND expires_at > 0 AND expires_at <= $1 \
            AND leased_until <= $1";
        query(sql, params![now, EXPIRED, channel]).execute(&self.pool).await
    }

    /// Records the outcome of an attempt. Returns `false`, and changes nothing, if the message has been
    /// leased again since.
    pub async fn record_delivery(&self, result: &DeliveryResult) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox SET state = $1, due_at = $2, leased_until = 0, last_status = $3, \
            last_error = $4, completed_at = $5 WHERE id = $6 AND leased_until = $7";
        let DeliveryResult { id, leased_until, state, due_at, status, error, now } = result;
        query(sql, params![state, due_at, status, error, now, id, leased_until])
            .changes_one(&self.pool)
            .await
    }

    /// The depth of every channel.
    pub async fn outbox_depth(&self) -> Result<Vec<OutboxDepth>, DatabaseError> {
        let sql = "SELECT channel, state, COUNT(*) AS messages, MIN(created_at) AS oldest \
            FROM outbox WHERE state IN ('pending', 'dead') GROUP BY channel, state";
        let groups: Vec<(Channel, EventState, Stored<u64>, Stored<Timestamp>)> =
            query(sql, vec![]).all(&self.pool).await?;
        let empty = |channel| OutboxDepth { channel, pending: 0, oldest: None, dead: 0 };
        let mut depths = Channel::ALL.map(empty);
        for (channel, state, Stored(messages), Stored(oldest)) in groups {
            for depth in depths.iter_mut().filter(|depth| depth.channel == channel) {
                if state == EventState::Dead {
                    depth.dead = messages;
                } else {
                    (depth.pending, depth.oldest) = (messages, Some(oldest));
                }
            }
        }
        Ok(depths.into())
    }
}

/// Skips a row that cannot be read, so that it does not block the others (F36).
fn readable(row: &AnyRow) -> Option<ClaimedMessage> {
    ClaimedMessage::from_row(row)
        .inspect_err(|error| tracing::error!(%error, "a message in the outbox cannot be read"))
        .ok()
}

//! Rows of the outbox: told, claimed with a lease, settled.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::any::AnyRow;

use crate::database::column::{Stored, columns, params};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    BuildMessage, Channel, Clock, EventId, OutboxEvent, OutboxMessage, Random, word_enum,
};

/// Writes a message into the transaction that it tells of. Its seq is after every other about its
/// subject; where two transactions may tell of one subject at once, they have locked its row.
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
    query(sql, params![id, channel, kind, subject, body, now, expires_at]).run(&mut **write).await
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
    /// A context for the present moment.
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
        /// The receiver has confirmed it.
        Delivered = "delivered",
        /// Given up: every retry failed, the receiver refused it for good, or it has expired.
        /// `events replay` makes it pending again.
        Dead = "dead",
        /// The receiver no longer exists; this is no fault.
        Dropped = "dropped",
    }
}

columns! {
    String, |text| Self::from_word(&text), |word| word.as_str().to_owned();
    EventState
}

/// A message somebody has leased to deliver.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedMessage {
    /// Its id, the same over all tries.
    pub id: EventId,
    /// Who is told.
    pub channel: Channel,
    /// Its type.
    pub kind: String,
    /// Its JSON.
    pub body: String,
    /// How many tries there were before this one.
    #[sqlx(try_from = "Stored<u64>")]
    pub attempts: u64,
    /// Until when it is leased; names the lease.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub leased_until: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone)]
pub struct DeliveryResult {
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

/// What a message says that was not told in time.
const TOO_LATE: &str = "expired before it could be delivered";

/// What waits in the outbox for one channel and what was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Who is told.
    pub channel: Channel,
    /// Messages to be delivered.
    pub pending: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
    /// Messages given up.
    pub dead: u64,
}

impl Database {
    /// Leases up to `limit` messages of a channel that are due and not too late. A later message
    /// about the same subject waits for the earlier one, so that order is kept for each report (F23).
    pub async fn claim_events(
        &self,
        channel: Channel,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedMessage>, DatabaseError> {
        // The lease is asked for twice: PostgreSQL checks the outer condition again once it has
        // locked the row, the inner one not.
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

    /// Gives up a channel's messages that nobody has under way and that are too late: they are not
    /// tried, and hold up nothing that comes after them. Returns how many there were.
    pub async fn mark_expired_dead(
        &self,
        channel: Channel,
        now: Timestamp,
    ) -> Result<u64, DatabaseError> {
        let sql = "UPDATE outbox SET state = 'dead', completed_at = $1, last_error = \
            CASE last_error WHEN '' THEN $2 ELSE $2 || '; before that: ' || last_error END \
            WHERE channel = $3 AND state = 'pending' AND expires_at > 0 AND expires_at <= $1 \
            AND leased_until <= $1";
        query(sql, params![now, TOO_LATE, channel]).execute(&self.pool).await
    }

    /// Records what became of a try, if the lease is still this one's: `true` when it was.
    pub async fn record_delivery(&self, result: &DeliveryResult) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox SET state = $1, due_at = $2, leased_until = 0, last_status = $3, \
            last_error = $4, completed_at = $5 WHERE id = $6 AND leased_until = $7";
        let DeliveryResult { id, leased_until, state, due_at, status, error, now } = result;
        query(sql, params![state, due_at, status, error, now, id, leased_until])
            .changes_one(&self.pool)
            .await
    }

    /// What waits and what was given up, of every channel.
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

/// One message that cannot be read does not hold the others up (F36).
fn readable(row: &AnyRow) -> Option<ClaimedMessage> {
    ClaimedMessage::from_row(row)
        .inspect_err(|error| tracing::error!(%error, "a message in the outbox cannot be read"))
        .ok()
}

//! Messages and single objects from 1C, each applied in one transaction.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::Digest;

use super::apply::apply;
use super::changes::{Change, ChangeOutcome, ChangeSource};

/// Old replies that are deleted with each new message.
const DELETED_AT_ONCE: i64 = 100;

/// A message from 1C.
pub struct InboundMessage<'a> {
    pub source: ChangeSource<'a>,
    pub number: i64,
    /// Of the body.
    pub digest: Digest,
    /// In their order.
    pub changes: &'a [Change],
    /// Older replies are deleted.
    pub keep_since: Timestamp,
}

/// The outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageOutcome {
    /// Stored, now or by an earlier attempt, with this reply.
    Accepted(String),
    /// Another message with this number was received before.
    Differs {
        /// The highest number received from this node.
        received_no: i64,
    },
}

impl Database {
    /// Applies a message and stores the reply that `reply` builds from the outcomes, in one transaction.
    /// A message that was received before gets its stored reply.
    pub async fn receive_message(
        &self,
        message: &InboundMessage<'_>,
        reply: impl FnOnce(&[ChangeOutcome]) -> String + Send,
    ) -> Result<MessageOutcome, DatabaseError> {
        let mut write = self.write().await?;
        // Serializes messages: a concurrent copy of this message waits here, and two messages that
        // change the same objects in a different order cannot deadlock.
        next_number(&mut write, Counter::Messages).await?;
        if let Some(outcome) = received_before(&mut write, message).await? {
            return Ok(outcome);
        }
        let outcomes =
            apply(&mut write, message.changes, self.employees_see, message.source).await?;
        let reply = reply(&outcomes);
        store_reply(&mut write, message, &reply).await?;
        delete_old_replies(&mut write, message.keep_since).await?;
        write.commit().await?;
        Ok(MessageOutcome::Accepted(reply))
    }

    /// Applies a change that is not part of a message.
    pub async fn apply_change(
        &self,
        change: &Change,
        source: ChangeSource<'_>,
    ) -> Result<ChangeOutcome, DatabaseError> {
        let mut write = self.write().await?;
        next_number(&mut write, Counter::Messages).await?;
        let outcomes =
            apply(&mut write, std::slice::from_ref(change), self.employees_see, source).await?;
        write.commit().await?;
        Ok(outcomes.first().copied().unwrap_or(ChangeOutcome::NotFound))
    }
}

async fn received_before(
    write: &mut Write,
    message: &InboundMessage<'_>,
) -> Result<Option<MessageOutcome>, DatabaseError> {
    let sql = "SELECT digest, reply FROM onec_messages WHERE node = $1 AND message_no = $2";
    let row: Option<(Digest, String)> =
        query(sql, params![message.source.node, message.number]).optional(&mut *write).await?;
    let Some((digest, reply)) = row else { return Ok(None) };
    if digest == message.digest {
        return Ok(Some(MessageOutcome::Accepted(reply)));
    }
    let sql = "SELECT received_no FROM onec_nodes WHERE node = $1";
    let (received_no,) = query(sql, params![message.source.node]).one(&mut *write).await?;
    Ok(Some(MessageOutcome::Differs { received_no }))
}

async fn store_reply(
    write: &mut Write,
    message: &InboundMessage<'_>,
    reply: &str,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO onec_messages (node, message_no, digest, reply, received_at) \
        VALUES ($1, $2, $3, $4, $5)";
    let InboundMessage { source, number, digest, .. } = message;
    let values = params![source.node, number, digest, reply, source.context.now];
    query(sql, values).execute(&mut *write).await?;
    let sql = "INSERT INTO onec_nodes (node, acknowledged, received_no) VALUES ($1, 0, $2) \
        ON CONFLICT (node) DO UPDATE SET received_no = CASE WHEN excluded.received_no > \
        onec_nodes.received_no THEN excluded.received_no ELSE onec_nodes.received_no END";
    query(sql, params![source.node, number]).run(&mut *write).await
}

/// Deletes some of the replies that are older than `before`.
async fn delete_old_replies(write: &mut Write, before: Timestamp) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM onec_messages WHERE (node, message_no) IN (SELECT node, message_no \
        FROM onec_messages WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
    query(sql, params![before, DELETED_AT_ONCE]).run(&mut *write).await
}

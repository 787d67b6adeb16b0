//! Makes the decisions of the review console take effect.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::{Database, Write};
use crate::database::reports::decisions::{DecisionOutcome, NewDecision, decide};
use crate::database::statement::query;
use crate::model::{Decision, DecisionId, PersonId, RefKey, Rejection};

/// What has become of a due decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Effective,
    /// The report had changed.
    Void,
    /// Undone, or settled by another node.
    Already,
}

/// A decision that takes effect.
#[derive(FromRow)]
struct DueDecision {
    ref_key: RefKey,
    revision: i64,
    decision: Decision,
    #[sqlx(try_from = "Stored<Option<Rejection>>")]
    rejection: Option<Rejection>,
    reason: String,
    #[sqlx(rename = "person_id")]
    person: PersonId,
}

impl Database {
    /// At most `limit` decisions that are due, the oldest first.
    pub async fn due_decisions(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DecisionId>, DatabaseError> {
        let sql = "SELECT id FROM console_decisions WHERE state = 'pending' AND effective_at <= $1 \
            ORDER BY effective_at, id LIMIT $2";
        query(sql, params![now, limit]).values(&self.pool).await
    }

    /// Makes a pending decision effective, with everything that a decision through the API causes, or void
    /// if the report has changed since it was made. One transaction, which any node may run.
    pub async fn settle_decision(
        &self,
        id: DecisionId,
        context: &EnqueueContext<'_>,
    ) -> Result<Settled, DatabaseError> {
        let mut write = self.write().await?;
        let Some(due) = mark_effective(&mut write, id, context.now).await? else {
            return Ok(Settled::Already);
        };
        let (ref_key, person) = (due.ref_key, due.person);
        let outcome = decide(&mut write, &due.into_decision(), context).await?;
        let settled = match outcome {
            DecisionOutcome::Done(_) => Settled::Effective,
            DecisionOutcome::Conflict(_) | DecisionOutcome::NoReport => {
                let sql = "UPDATE console_decisions SET state = 'void' WHERE id = $1";
                query(sql, params![id]).run(&mut write).await?;
                // The reviewer has gone on: others may look at it.
                let sql = "DELETE FROM claims WHERE ref_key = $1 AND person_id = $2";
                query(sql, params![ref_key, person]).run(&mut write).await?;
                Settled::Void
            }
        };
        write.commit().await?;
        Ok(settled)
    }
}

/// Compare-and-set on the state: of an undo and the nodes that settle it, one wins.
async fn mark_effective(
    write: &mut Write,
    id: DecisionId,
    now: Timestamp,
) -> Result<Option<DueDecision>, DatabaseError> {
    let sql = "UPDATE console_decisions SET state = 'effective', settled_at = $1 \
        WHERE id = $2 AND state = 'pending' AND effective_at <= $1 \
        RETURNING ref_key, revision, decision, rejection, reason, person_id";
    query(sql, params![now, id]).optional(&mut *write).await
}

impl DueDecision {
    fn into_decision(self) -> NewDecision {
        NewDecision {
            ref_key: self.ref_key,
            decision: self.decision,
            reason: self.reason,
            rejection: self.rejection,
            version: Some(self.revision),
            // It was checked when the decision was made.
            scope: None,
            actor: format!("person:{}", self.person.0),
        }
    }
}

//! Decisions that did not take effect, until their reviewers have seen it.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{DecisionId, PersonId};

use super::decisions::{ConsoleDecision, DECISION_COLUMNS, DECISION_SOURCE};

impl Database {
    /// The void decisions that a reviewer has not seen, latest first.
    pub async fn unseen_void_decisions(
        &self,
        person: PersonId,
        limit: i64,
    ) -> Result<Vec<ConsoleDecision>, DatabaseError> {
        let sql = format!(
            "{DECISION_COLUMNS}{DECISION_SOURCE} WHERE d.person_id = $1 AND d.state = 'void' \
             AND d.seen_at = 0 ORDER BY d.created_at DESC LIMIT $2"
        );
        query(AssertSqlSafe(sql), params![person, limit]).all(&self.pool).await
    }

    /// The reviewer has seen that a decision is void.
    pub async fn mark_void_decision_seen(
        &self,
        id: DecisionId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE console_decisions SET seen_at = $1 WHERE id = $2 AND person_id = $3 \
            AND state = 'void' AND seen_at = 0";
        query(sql, params![now, id, person]).run(&self.pool).await
    }
}

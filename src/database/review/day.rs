//! The decisions of a day.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;
use crate::model::{CompanyId, Decision, DecisionId, PersonId};

use super::decisions::{ConsoleDecision, DECISION_COLUMNS, DECISION_SOURCE, DecisionState};

/// A decision in the list of a day.
#[derive(Debug, Clone, FromRow)]
pub struct DayRow {
    #[sqlx(flatten)]
    pub decision: ConsoleDecision,
    /// Whether the report service has received the event of the decision.
    #[sqlx(try_from = "Stored<bool>")]
    pub is_received: bool,
}

/// What the counts of a day need of a decision.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct DayDecision {
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    pub decision: Decision,
    pub state: DecisionState,
}

/// The place of a decision in the list of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCursor {
    /// In microseconds.
    pub at: i64,
    pub id: DecisionId,
}

/// The event of a decision is in the outbox until long after its delivery. It has the time at which the
/// decision took effect.
const IS_RECEIVED: &str = ", CAST(CASE WHEN d.state = 'effective' AND NOT EXISTS (SELECT 1 \
    FROM outbox o WHERE o.subject = d.ref_key AND o.kind = 'report.decided' \
    AND o.created_at = d.settled_at AND o.state <> 'delivered') THEN 1 ELSE 0 END AS BIGINT) \
    AS is_received";

/// Whose decisions of which time.
#[derive(Debug, Clone, Copy)]
pub struct DayQuery {
    pub since: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    /// The only company; `None`: all.
    pub company: Option<CompanyId>,
    /// The only reviewer; `None`: all.
    pub person: Option<PersonId>,
}

impl Database {
    /// At most `limit` decisions after the cursor, latest first.
    pub async fn day_page(
        &self,
        day: &DayQuery,
        after: Option<DayCursor>,
        limit: i64,
    ) -> Result<Vec<DayRow>, DatabaseError> {
        let mut statement = Statement::new(DECISION_COLUMNS);
        statement.push(IS_RECEIVED).push(DECISION_SOURCE);
        day.push_conditions(&mut statement);
        if let Some(after) = after {
            statement.push(" AND (d.created_at, d.id) < (").bind(&after.at);
            statement.push(", ").bind(&after.id).push(")");
        }
        statement.push(" ORDER BY d.created_at DESC, d.id DESC LIMIT ").bind(&limit);
        statement.all(&self.pool).await
    }

    /// At most `limit` decisions, latest first.
    pub async fn day_decisions(
        &self,
        day: &DayQuery,
        limit: i64,
    ) -> Result<Vec<DayDecision>, DatabaseError> {
        let mut statement = Statement::new(
            "SELECT d.person_id, d.created_at, d.decision, d.state FROM console_decisions d",
        );
        day.push_conditions(&mut statement);
        statement.push(" ORDER BY d.created_at DESC, d.id DESC LIMIT ").bind(&limit);
        statement.all(&self.pool).await
    }
}

impl DayQuery {
    fn push_conditions(&self, statement: &mut Statement) {
        statement.push(" WHERE d.created_at >= ").bind(&self.since);
        statement.push(" AND d.created_at < ").bind(&self.until);
        if let Some(company) = self.company {
            statement.push(" AND d.company_id = ").bind(&company);
        }
        if let Some(person) = self.person {
            statement.push(" AND d.person_id = ").bind(&person);
        }
    }
}

//! Decisions of the review console. They wait until they take effect, so that they can be undone.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow};

use crate::database::column::{Stored, params, word_columns};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::{Database, Write};
use crate::database::reports::ReportState;
use crate::database::reports::decisions::read_state;
use crate::database::statement::query;
use crate::model::{
    CompanyId, Decision, DecisionId, PersonId, RefKey, Rejection, ReportStatus, word_enum,
};

use super::claims::{Claim, living_claim};
use super::custody::record;

word_enum! {
    /// What has become of a decision.
    DecisionState {
        /// Waits to take effect.
        Pending = "pending",
        Effective = "effective",
        Undone = "undone",
        /// The report had changed before it took effect.
        Void = "void",
    }
}

word_columns!(DecisionState);

/// A decision to be stored.
#[derive(Debug, Clone)]
pub struct NewPendingDecision {
    pub id: DecisionId,
    pub ref_key: RefKey,
    /// The version of the report that the reviewer has seen.
    pub version: i64,
    pub decision: Decision,
    /// `None` for an approval.
    pub rejection: Option<Rejection>,
    /// The same as the text that 1C gets.
    pub reason: String,
    pub person: PersonId,
    /// The reviewer's name.
    pub name: String,
    /// The company that the report must belong to; `None`: any.
    pub scope: Option<CompanyId>,
    pub created_at: Timestamp,
    pub effective_at: Timestamp,
}

/// A decision of the review console, with the words by which people know its report.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ConsoleDecision {
    pub id: DecisionId,
    pub ref_key: RefKey,
    pub decision: Decision,
    #[sqlx(try_from = "Stored<Option<Rejection>>")]
    pub rejection: Option<Rejection>,
    pub reason: String,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The reviewer's name at that time.
    pub name: String,
    /// The version of the report that the reviewer has seen.
    #[sqlx(rename = "revision")]
    pub version: i64,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub effective_at: Timestamp,
    pub state: DecisionState,
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub settled_at: Option<Timestamp>,
    pub report_number: String,
    pub plate_number: String,
    pub company_name: String,
}

/// The outcome of an attempt to store a decision.
#[derive(Debug, Clone)]
pub enum AddOutcome {
    /// Stored, now or by an earlier request with the same id.
    Stored,
    /// The report has another version, or a status that cannot be decided.
    Changed(ReportState),
    /// Another reviewer has claimed the report.
    HeldBy(Claim),
    /// Another decision about the report, or with the same id, waits to take effect.
    Pending,
    /// The report does not exist, or is outside the scope.
    NoReport,
}

/// The columns of a [`ConsoleDecision`], from `console_decisions d`.
pub(super) const DECISION_COLUMNS: &str = "SELECT d.id, d.ref_key, d.decision, d.rejection, \
    d.reason, d.person_id, d.name, d.revision, d.created_at, d.effective_at, d.state, d.settled_at, \
    COALESCE(r.report_number, '') AS report_number, \
    COALESCE(v.plate_number, '') AS plate_number, COALESCE(c.name, '') AS company_name";
pub(super) const DECISION_SOURCE: &str = " FROM console_decisions d \
    LEFT JOIN reports r ON r.ref_key = d.ref_key \
    LEFT JOIN vehicles v ON v.guid = r.vehicle_guid AND v.company_id = r.company_id \
    LEFT JOIN companies c ON c.id = r.company_id";

impl Database {
    /// Stores a decision that takes effect later.
    pub async fn add_console_decision(
        &self,
        new: &NewPendingDecision,
    ) -> Result<AddOutcome, DatabaseError> {
        let mut write = self.write().await?;
        if exists(&mut write, new).await? {
            return Ok(AddOutcome::Stored);
        }
        let Some(state) = read_state(&mut write, new.ref_key, new.scope).await? else {
            return Ok(AddOutcome::NoReport);
        };
        if state.version != new.version || state.status == ReportStatus::AwaitingVideo {
            return Ok(AddOutcome::Changed(state));
        }
        let claim = living_claim(&mut write, new.ref_key, new.created_at).await?;
        if let Some(claim) = claim.filter(|claim| claim.person != new.person) {
            return Ok(AddOutcome::HeldBy(claim));
        }
        if insert(&mut write, new, DecisionState::Pending).await? {
            write.commit().await?;
            return Ok(AddOutcome::Stored);
        }
        // A concurrent request: the same again, or another decision.
        let is_same = exists(&mut write, new).await?;
        Ok(if is_same { AddOutcome::Stored } else { AddOutcome::Pending })
    }

    /// Stores a decision as undone, unless it has arrived. If it arrives later, it is not stored again.
    pub async fn add_undone_decision(&self, new: &NewPendingDecision) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        insert(&mut write, new, DecisionState::Undone).await?;
        write.commit().await
    }

    /// A decision of this reviewer.
    pub async fn console_decision(
        &self,
        id: DecisionId,
        person: PersonId,
    ) -> Result<Option<ConsoleDecision>, DatabaseError> {
        let sql =
            format!("{DECISION_COLUMNS}{DECISION_SOURCE} WHERE d.id = $1 AND d.person_id = $2");
        query(AssertSqlSafe(sql), params![id, person]).optional(&self.pool).await
    }

    /// The decision about a report that waits to take effect.
    pub async fn pending_decision(
        &self,
        ref_key: RefKey,
    ) -> Result<Option<ConsoleDecision>, DatabaseError> {
        let sql = format!(
            "{DECISION_COLUMNS}{DECISION_SOURCE} WHERE d.ref_key = $1 AND d.state = 'pending'"
        );
        query(AssertSqlSafe(sql), params![ref_key]).optional(&self.pool).await
    }

    /// The reviewer's latest decision that waits to take effect.
    pub async fn latest_pending_decision(
        &self,
        person: PersonId,
    ) -> Result<Option<ConsoleDecision>, DatabaseError> {
        let sql = format!(
            "{DECISION_COLUMNS}{DECISION_SOURCE} WHERE d.person_id = $1 AND d.state = 'pending' \
             ORDER BY d.created_at DESC, d.id DESC LIMIT 1"
        );
        query(AssertSqlSafe(sql), params![person]).optional(&self.pool).await
    }

    /// Withdraws a pending decision of this reviewer. Returns whether it was pending.
    pub async fn undo_console_decision(
        &self,
        id: DecisionId,
        person: PersonId,
        context: &EnqueueContext<'_>,
    ) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE console_decisions SET state = 'undone', settled_at = $1 \
            WHERE id = $2 AND person_id = $3 AND state = 'pending' RETURNING ref_key";
        let undone: Option<RefKey> =
            query(sql, params![context.now, id, person]).value(&mut write).await?;
        let Some(ref_key) = undone else { return Ok(false) };
        let actor = format!("person:{}", person.0);
        record(&mut write, ref_key, (&actor, "undone", String::new()), context).await?;
        write.commit().await?;
        Ok(true)
    }

    /// The reasons of the last rejection of a report, if a reviewer chose them in the console.
    pub async fn rejection(&self, ref_key: RefKey) -> Result<Option<Rejection>, DatabaseError> {
        let sql = "SELECT rejection FROM reports WHERE ref_key = $1 AND deleted = 0";
        let rejection: Option<Option<Rejection>> =
            query(sql, params![ref_key]).value(&self.pool).await?;
        Ok(rejection.flatten())
    }
}

/// An approval and a rejection with the same id are not the same decision.
async fn exists(write: &mut Write, new: &NewPendingDecision) -> Result<bool, DatabaseError> {
    let sql = "SELECT id FROM console_decisions WHERE id = $1 AND person_id = $2 AND ref_key = $3 \
        AND decision = $4";
    let NewPendingDecision { id, person, ref_key, decision, .. } = new;
    query(sql, params![id, person, ref_key, decision]).exists(&mut *write).await
}

/// A report has one pending decision at most, by a unique index.
async fn insert(
    write: &mut Write,
    new: &NewPendingDecision,
    state: DecisionState,
) -> Result<bool, DatabaseError> {
    let sql = "INSERT INTO console_decisions (id, ref_key, company_id, revision, decision, \
        rejection, reason, person_id, name, created_at, effective_at, state, settled_at) \
        SELECT $1, ref_key, company_id, $2, $3, $4, $5, $6, $7, $8, $9, $11, $12 FROM reports \
        WHERE ref_key = $10 ON CONFLICT DO NOTHING";
    let NewPendingDecision { id, ref_key, version, decision, rejection, reason, .. } = new;
    let NewPendingDecision { person, name, created_at, effective_at, .. } = new;
    let is_pending = state == DecisionState::Pending;
    let settled_at = if is_pending { 0 } else { created_at.as_microsecond() };
    let values = params![
        id,
        version,
        decision,
        rejection,
        reason,
        person,
        name,
        created_at,
        effective_at,
        ref_key,
        state,
        settled_at
    ];
    query(sql, values).changes_one(&mut *write).await
}

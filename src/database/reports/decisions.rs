//! Decisions on reports: approvals and rejections, one for each version.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::{Push, push_to_people};
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    CompanyId, Decision, OutboxEvent, PersonId, PushKind, RefKey, Rejection, ReportDecided,
    ReportStatus, SubmissionId, VideoId,
};

/// A decision to be stored.
#[derive(Debug, Clone)]
pub struct NewDecision {
    pub ref_key: RefKey,
    pub decision: Decision,
    /// Empty for an approval.
    pub reason: String,
    /// What the reason was composed from, if it was.
    pub rejection: Option<Rejection>,
    /// The version that the decision was made on; `None`: any, for decisions of 1C.
    pub version: Option<i64>,
    /// The company that the report must belong to; `None`: any.
    pub scope: Option<CompanyId>,
    /// Such as `person:153` or `node:main`.
    pub actor: String,
}

/// The current state of a report.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReportState {
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// Increases with each change of the status and with each decision.
    #[sqlx(rename = "revision")]
    pub version: i64,
    /// The reason of the last rejection (Q29).
    pub reject_reason: String,
    /// The time of the last decision.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub decided_at: Option<Timestamp>,
    /// The actor of the last decision.
    pub decided_by: String,
}

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// Stored, now or by an earlier attempt whose result was lost.
    Done(ReportState),
    /// The report has another version, or a status that cannot be decided.
    Conflict(ReportState),
    /// The report does not exist, or is outside the scope.
    NoReport,
}

/// The latest submission of a report. A report without one can have status 2, because 1C may set it.
#[derive(FromRow)]
struct Latest {
    #[sqlx(rename = "id")]
    submission: SubmissionId,
    #[sqlx(rename = "video_id")]
    video: VideoId,
    #[sqlx(rename = "person_id")]
    sender: PersonId,
}

impl Database {
    /// Stores a decision and enqueues its messages, in a transaction of its own.
    pub async fn decide(
        &self,
        decision: &NewDecision,
        context: &EnqueueContext<'_>,
    ) -> Result<DecisionOutcome, DatabaseError> {
        let mut write = self.write().await?;
        let decided = decide(&mut write, decision, context).await?;
        write.commit().await?;
        Ok(decided)
    }
}

/// Stores a decision within a transaction: the status, a custody entry, the event for the report
/// service, a push notification to the sender of the video. Repeating the current decision changes
/// nothing.
pub(in crate::database) async fn decide(
    write: &mut Write,
    decision: &NewDecision,
    context: &EnqueueContext<'_>,
) -> Result<DecisionOutcome, DatabaseError> {
    let moved = move_report(write, decision, context.now).await?;
    let Some(state) = read_state(write, decision.ref_key, decision.scope).await? else {
        return Ok(DecisionOutcome::NoReport);
    };
    if !moved && !repeats(decision, &state) {
        return Ok(DecisionOutcome::Conflict(state));
    }
    if decision.actor.starts_with("node:") {
        set_onec_status(write, decision).await?;
    }
    if moved {
        enqueue_all(write, decision, &state, context).await?;
    }
    Ok(DecisionOutcome::Done(state))
}

/// Stores a decision of 1C as the status that 1C sent last, so that the same status in a later report is
/// not a change.
async fn set_onec_status(write: &mut Write, decision: &NewDecision) -> Result<(), DatabaseError> {
    let sql = "UPDATE reports SET onec_status_code = $1, onec_reject_reason = $2 \
        WHERE ref_key = $3";
    query(sql, params![decision.decision.resulting_status(), decision.reason, decision.ref_key])
        .run(&mut *write)
        .await
}

/// Enqueues the messages of a decision that this transaction has stored in bulk.
pub(in crate::database) async fn enqueue_decision(
    write: &mut Write,
    decision: &NewDecision,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    match read_state(write, decision.ref_key, decision.scope).await? {
        Some(state) => enqueue_all(write, decision, &state, context).await,
        None => Ok(()),
    }
}

async fn enqueue_all(
    write: &mut Write,
    decision: &NewDecision,
    state: &ReportState,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    end_claim(write, decision.ref_key).await?;
    let latest = latest(write, decision.ref_key).await?;
    if let Some(latest) = &latest {
        add_custody(write, decision, latest, context).await?;
        push_to_people(write, &[latest.sender], &push(decision), context).await?;
    }
    // Queued after every other message about the report, whose row this transaction has locked.
    let event = OutboxEvent::ReportDecided(ReportDecided {
        report: decision.ref_key,
        submission: latest.map(|latest| latest.submission),
        status: state.status,
        reason: &state.reject_reason,
        decided_by: &state.decided_by,
        version: state.version,
    });
    context.enqueue(write, &event).await
}

/// A decided report has no reviewer: a claim on it would keep the next video from the others.
async fn end_claim(write: &mut Write, ref_key: RefKey) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM claims WHERE ref_key = $1";
    query(sql, params![ref_key]).run(&mut *write).await
}

/// Compare-and-set on the version. The driver gets another reminder, because the deadline may be near
/// when a video is rejected.
async fn move_report(
    write: &mut Write,
    decision: &NewDecision,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE reports SET status_code = $1, reject_reason = $2, revision = revision + 1, \
        decided_at = $3, decided_by = $4, reminded_at = 0, rejection = $9 \
        WHERE ref_key = $5 AND deleted = 0 AND status_code IN (2, 3, 4) AND NOT (status_code = $1 \
        AND reject_reason = $2) AND ($6 = 1 OR revision = $7) AND ($8 < 0 OR company_id = $8)";
    let NewDecision { ref_key, decision, reason, rejection, version, scope, actor } = decision;
    let status = decision.resulting_status();
    let (any_version, version) = (version.is_none(), version.unwrap_or_default());
    let company = scope.map_or(-1, |company| company.0);
    let values =
        params![status, reason, now, actor, ref_key, any_version, version, company, rejection];
    query(sql, values).changes_one(&mut *write).await
}

/// The state of a report of `scope`, which is any company or one.
pub(in crate::database) async fn read_state(
    write: &mut Write,
    ref_key: RefKey,
    scope: Option<CompanyId>,
) -> Result<Option<ReportState>, DatabaseError> {
    let sql = "SELECT status_code, revision, reject_reason, decided_at, decided_by FROM reports \
        WHERE ref_key = $1 AND deleted = 0 AND ($2 < 0 OR company_id = $2)";
    query(sql, params![ref_key, scope.map_or(-1, |company| company.0)]).optional(&mut *write).await
}

/// Whether the decision equals the current one and names the current version or none. It may also name
/// the previous version if it has the same actor: then the result of the first attempt was lost.
fn repeats(decision: &NewDecision, state: &ReportState) -> bool {
    let same = state.status == decision.decision.resulting_status()
        && state.reject_reason == decision.reason;
    let current = decision.version.is_none_or(|version| version == state.version);
    let lost = decision.version.is_some_and(|version| version == state.version - 1)
        && state.decided_by == decision.actor;
    same && (current || lost)
}

async fn latest(write: &mut Write, ref_key: RefKey) -> Result<Option<Latest>, DatabaseError> {
    let sql = "SELECT s.id, s.video_id, s.person_id FROM reports r \
        JOIN submissions s ON s.id = r.latest_submission WHERE r.ref_key = $1";
    query(sql, params![ref_key]).optional(&mut *write).await
}

async fn add_custody(
    write: &mut Write,
    decision: &NewDecision,
    latest: &Latest,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let (id, action) = (context.new_id(), decision.decision.custody_action());
    query(sql, params![id, latest.video, context.now, decision.actor, action, decision.reason])
        .run(&mut *write)
        .await
}

fn push(decision: &NewDecision) -> Push<'_> {
    let kind = match decision.decision {
        Decision::Approve => PushKind::Approved,
        Decision::Reject => PushKind::Rejected,
    };
    Push::about(kind, decision.ref_key, &decision.reason)
}

//! Decisions on reports: approved or rejected, once for each version.

use jiff::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{Channel, OutboxMessage, enqueue};
use crate::database::outbox::pushes::{EnqueueContext, Push, PushKind, push_to_people};
use crate::database::pool::{Database, Write};
use crate::database::rows::{number, optional, optional_time, text, unreadable};
use crate::model::{
    CompanyId, Decision, EventId, PersonId, RefKey, ReportStatus, SubmissionId, VideoId,
};

/// A decision to be recorded.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// On which report.
    pub ref_key: RefKey,
    /// What was decided.
    pub decision: Decision,
    /// Why it was rejected; empty when it was approved.
    pub reason: String,
    /// The version that was looked at; none: whichever it is (1C decides by its own).
    pub version: Option<i64>,
    /// Only a report of this company; none: of any.
    pub scope: Option<CompanyId>,
    /// Who decides, such as `person:153` or `node:main`.
    pub actor: String,
}

/// Where a report stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportState {
    /// Its state.
    pub status: ReportStatus,
    /// Grows with each change of state.
    pub version: i64,
    /// Why it was rejected last (Q29).
    pub reject_reason: String,
    /// When it was decided on last.
    pub decided_at: Option<Timestamp>,
    /// Who did.
    pub decided_by: String,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// It is recorded and told: now, or by an earlier try whose answer was lost.
    Done(ReportState),
    /// The report is in another state, or of another version.
    Conflict(ReportState),
    /// There is no such report, or not in this scope.
    NoReport,
}

/// The submission a decision is about; a report may be in state 2 by 1C's word alone.
struct Latest {
    submission: SubmissionId,
    video: VideoId,
    sender: PersonId,
}

impl Database {
    /// Records a decision and tells of it, or does nothing.
    ///
    /// # Errors
    /// When the database fails. Whether it took effect is then unknown; calling again settles it.
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

/// Records a decision within a transaction: state, custody, the event for the report service, a
/// message to the phone that sent the video. Repeating the decision in force changes nothing.
pub(in crate::database) async fn decide(
    write: &mut Write,
    decision: &NewDecision,
    context: &EnqueueContext<'_>,
) -> Result<DecisionOutcome, DatabaseError> {
    let moved = move_report(write, decision, context.now).await?;
    let Some(state) = read_state(write, decision).await? else {
        return Ok(DecisionOutcome::NoReport);
    };
    if !moved && !repeats(decision, &state) {
        return Ok(DecisionOutcome::Conflict(state));
    }
    if decision.actor.starts_with("node:") {
        keep_word(write, decision).await?;
    }
    if moved {
        enqueue_all(write, decision, &state, context).await?;
    }
    Ok(DecisionOutcome::Done(state))
}

/// What 1C decides it has said: when it sends the report itself afterwards, that is no news.
async fn keep_word(write: &mut Write, decision: &NewDecision) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE reports SET told_status = $1, told_reason = $2 WHERE ref_key = $3")
        .bind(decision.decision.leads_to().code())
        .bind(decision.reason.as_str())
        .bind(decision.ref_key.to_string())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Tells of a decision that this transaction has recorded together with others.
pub(in crate::database) async fn enqueue_decision(
    write: &mut Write,
    decision: &NewDecision,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    match read_state(write, decision).await? {
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
    let latest = latest(write, decision.ref_key).await?;
    if let Some(latest) = &latest {
        add_custody(write, decision, latest, context).await?;
        push_to_people(write, &[latest.sender], &push(decision), context).await?;
    }
    let message = message(decision, state, latest.as_ref(), context);
    enqueue(write, &message, context.now).await
}

/// Compare-and-set on what was looked at. A new rejection may come with the deadline near: the
/// driver is reminded of it anew.
async fn move_report(
    write: &mut Write,
    decision: &NewDecision,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE reports SET status_code = $1, reject_reason = $2, revision = revision + 1, \
         decided_at = $3, decided_by = $4, reminded_at = 0 WHERE ref_key = $5 AND gone = 0 \
         AND status_code IN (2, 3, 4) AND NOT (status_code = $1 AND reject_reason = $2) \
         AND ($6 = 1 OR revision = $7) AND ($8 < 0 OR company_id = $8)",
    )
    .bind(decision.decision.leads_to().code())
    .bind(decision.reason.as_str())
    .bind(now.as_microsecond())
    .bind(decision.actor.as_str())
    .bind(decision.ref_key.to_string())
    // Whichever it is only if none was named; a number that cannot be is none that fits.
    .bind(i64::from(decision.version.is_none()))
    .bind(decision.version.unwrap_or_default())
    .bind(decision.scope.map_or(-1, |company| company.0))
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn read_state(
    write: &mut Write,
    decision: &NewDecision,
) -> Result<Option<ReportState>, DatabaseError> {
    let row = sqlx::query(
        "SELECT status_code, revision, reject_reason, decided_at, decided_by FROM reports \
         WHERE ref_key = $1 AND gone = 0 AND ($2 < 0 OR company_id = $2)",
    )
    .bind(decision.ref_key.to_string())
    .bind(decision.scope.map_or(-1, |company| company.0))
    .fetch_optional(&mut **write)
    .await?;
    row.as_ref().map(report_state).transpose()
}

/// Where a report stands, from a row with its columns.
pub(in crate::database) fn report_state(row: &AnyRow) -> Result<ReportState, DatabaseError> {
    let code = number(row, "status_code")?;
    Ok(ReportState {
        status: ReportStatus::try_from(code).map_err(|_| unreadable("status_code", &code))?,
        version: number(row, "revision")?,
        reject_reason: text(row, "reject_reason")?,
        decided_at: optional_time(row, "decided_at")?,
        decided_by: text(row, "decided_by")?,
    })
}

/// Whether this very decision stands already: of the version that is there, of no version, or of the
/// one before by the same hand, whose answer was lost.
fn repeats(decision: &NewDecision, state: &ReportState) -> bool {
    let same =
        state.status == decision.decision.leads_to() && state.reject_reason == decision.reason;
    let current = decision.version.is_none_or(|version| version == state.version);
    let lost = decision.version.is_some_and(|version| version == state.version - 1)
        && state.decided_by == decision.actor;
    same && (current || lost)
}

async fn latest(write: &mut Write, ref_key: RefKey) -> Result<Option<Latest>, DatabaseError> {
    let row = sqlx::query(
        "SELECT id, video_id, person_id FROM submissions WHERE ref_key = $1 \
         ORDER BY turn DESC LIMIT 1",
    )
    .bind(ref_key.to_string())
    .fetch_optional(&mut **write)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let sender = PersonId(number(&row, "person_id")?);
    let ids = optional(&row, "id")?.zip(optional(&row, "video_id")?);
    Ok(ids.map(|(submission, video)| Latest { submission, video, sender }))
}

async fn add_custody(
    write: &mut Write,
    decision: &NewDecision,
    latest: &Latest,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO custody (id, video_id, at, actor, action, detail) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind((context.new_id)().to_string())
    .bind(latest.video.to_string())
    .bind(context.now.as_microsecond())
    .bind(decision.actor.as_str())
    .bind(decision.decision.done())
    .bind(decision.reason.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn push(decision: &NewDecision) -> Push<'_> {
    let kind = match decision.decision {
        Decision::Approve => PushKind::Approved,
        Decision::Reject => PushKind::Rejected,
    };
    Push::about(kind, decision.ref_key, &decision.reason)
}

/// The event for the report service. Its turn is after every other message about the report, whose
/// row this transaction has locked.
fn message(
    decision: &NewDecision,
    state: &ReportState,
    latest: Option<&Latest>,
    context: &EnqueueContext<'_>,
) -> OutboxMessage {
    let kind = "report.decided";
    let data = json!({
        "report_ref_key": decision.ref_key,
        "submission_id": latest.map(|latest| latest.submission),
        "status_code": state.status,
        "reason": state.reject_reason,
        "decided_by": state.decided_by,
        "decided_at": context.now,
        "version": state.version,
    });
    let id: EventId = (context.new_id)();
    OutboxMessage {
        id,
        channel: Channel::Webhook,
        kind,
        subject: decision.ref_key.to_string(),
        body: json!({ "type": kind, "timestamp": context.now, "data": data }).to_string(),
        expires_at: None,
    }
}

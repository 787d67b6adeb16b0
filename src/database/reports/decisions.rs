//! Decisions on reports: approved or rejected, once for each version.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::{Push, push_to_people};
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    CompanyId, Decision, OutboxEvent, PersonId, PushKind, RefKey, ReportDecided, ReportStatus,
    SubmissionId, VideoId,
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
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReportState {
    /// Its state.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// Grows with each change of state.
    #[sqlx(rename = "revision")]
    pub version: i64,
    /// Why it was rejected last (Q29).
    pub reject_reason: String,
    /// When it was decided on last.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
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
    /// Records a decision and tells of it, or does nothing.
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
    let sql = "UPDATE reports SET onec_status_code = $1, onec_reject_reason = $2 \
        WHERE ref_key = $3";
    query(sql, params![decision.decision.resulting_status(), decision.reason, decision.ref_key])
        .run(&mut **write)
        .await
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

/// Compare-and-set on what was looked at. A new rejection may come with the deadline near: the
/// driver is reminded of it anew.
async fn move_report(
    write: &mut Write,
    decision: &NewDecision,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE reports SET status_code = $1, reject_reason = $2, revision = revision + 1, \
        decided_at = $3, decided_by = $4, reminded_at = 0 \
        WHERE ref_key = $5 AND deleted = 0 AND status_code IN (2, 3, 4) AND NOT (status_code = $1 \
        AND reject_reason = $2) AND ($6 = 1 OR revision = $7) AND ($8 < 0 OR company_id = $8)";
    let NewDecision { ref_key, decision, reason, version, scope, actor } = decision;
    let status = decision.resulting_status();
    let (any_version, version) = (version.is_none(), version.unwrap_or_default());
    let company = scope.map_or(-1, |company| company.0);
    query(sql, params![status, reason, now, actor, ref_key, any_version, version, company])
        .changes_one(&mut **write)
        .await
}

async fn read_state(
    write: &mut Write,
    decision: &NewDecision,
) -> Result<Option<ReportState>, DatabaseError> {
    let sql = "SELECT status_code, revision, reject_reason, decided_at, decided_by FROM reports \
        WHERE ref_key = $1 AND deleted = 0 AND ($2 < 0 OR company_id = $2)";
    query(sql, params![decision.ref_key, decision.scope.map_or(-1, |company| company.0)])
        .optional(&mut **write)
        .await
}

/// Whether this very decision stands already: of the version that is there, of no version, or of the
/// one before by the same hand, whose answer was lost.
fn repeats(decision: &NewDecision, state: &ReportState) -> bool {
    let same = state.status == decision.decision.resulting_status()
        && state.reject_reason == decision.reason;
    let current = decision.version.is_none_or(|version| version == state.version);
    let lost = decision.version.is_some_and(|version| version == state.version - 1)
        && state.decided_by == decision.actor;
    same && (current || lost)
}

async fn latest(write: &mut Write, ref_key: RefKey) -> Result<Option<Latest>, DatabaseError> {
    let sql = "SELECT id, video_id, person_id FROM submissions WHERE ref_key = $1 \
        ORDER BY turn DESC LIMIT 1";
    query(sql, params![ref_key]).optional(&mut **write).await
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
        .run(&mut **write)
        .await
}

fn push(decision: &NewDecision) -> Push<'_> {
    let kind = match decision.decision {
        Decision::Approve => PushKind::Approved,
        Decision::Reject => PushKind::Rejected,
    };
    Push::about(kind, decision.ref_key, &decision.reason)
}

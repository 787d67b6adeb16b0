//! Decisions on reports: approved or rejected, once for each version.

use jiff::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{Channel, OutboxMessage, tell};
use crate::database::outbox::pushes::{Post, Push, PushKind, push_to_people};
use crate::database::pool::{Database, Write};
use crate::database::rows::{number, optional, optional_time, text, unreadable};
use crate::model::{
    CompanyId, Decision, EventId, PersonId, RefKey, ReportStatus, SubmissionId, VideoId,
};

/// A decision to be recorded.
#[derive(Debug, Clone)]
pub struct Deciding {
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
pub struct Standing {
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
pub enum Decided {
    /// It is recorded and told: now, or by an earlier try whose answer was lost.
    Done(Standing),
    /// The report is in another state, or of another version.
    Conflict(Standing),
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
        deciding: &Deciding,
        post: &Post<'_>,
    ) -> Result<Decided, DatabaseError> {
        let mut write = self.write().await?;
        let decided = decide(&mut write, deciding, post).await?;
        write.commit().await?;
        Ok(decided)
    }
}

/// Records a decision within a transaction: state, custody, the event for the report service, a
/// message to the phone that sent the video. Deciding again what stands already changes nothing.
pub(in crate::database) async fn decide(
    write: &mut Write,
    deciding: &Deciding,
    post: &Post<'_>,
) -> Result<Decided, DatabaseError> {
    let moved = move_report(write, deciding, post.now).await?;
    let Some(standing) = standing(write, deciding).await? else { return Ok(Decided::NoReport) };
    if !moved && !repeats(deciding, &standing) {
        return Ok(Decided::Conflict(standing));
    }
    if deciding.actor.starts_with("node:") {
        keep_word(write, deciding).await?;
    }
    if moved {
        tell_all(write, deciding, &standing, post).await?;
    }
    Ok(Decided::Done(standing))
}

/// What 1C decides it has said: when it sends the report itself afterwards, that is no news.
async fn keep_word(write: &mut Write, deciding: &Deciding) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE reports SET told_status = $1, told_reason = $2 WHERE ref_key = $3")
        .bind(deciding.decision.leads_to().code())
        .bind(deciding.reason.as_str())
        .bind(deciding.ref_key.to_string())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Tells of a decision that this transaction has recorded together with others.
pub(in crate::database) async fn tell_of_decision(
    write: &mut Write,
    deciding: &Deciding,
    post: &Post<'_>,
) -> Result<(), DatabaseError> {
    match standing(write, deciding).await? {
        Some(standing) => tell_all(write, deciding, &standing, post).await,
        None => Ok(()),
    }
}

async fn tell_all(
    write: &mut Write,
    deciding: &Deciding,
    standing: &Standing,
    post: &Post<'_>,
) -> Result<(), DatabaseError> {
    let latest = latest(write, deciding.ref_key).await?;
    if let Some(latest) = &latest {
        add_custody(write, deciding, latest, post).await?;
        push_to_people(write, &[latest.sender], &push(deciding), post).await?;
    }
    let telling = telling(deciding, standing, latest.as_ref(), post);
    tell(write, &telling, post.now).await
}

/// Compare-and-set on what was looked at. A new rejection may come with the deadline near: the
/// driver is reminded of it anew.
async fn move_report(
    write: &mut Write,
    deciding: &Deciding,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE reports SET status_code = $1, reject_reason = $2, revision = revision + 1, \
         decided_at = $3, decided_by = $4, reminded_at = 0 WHERE ref_key = $5 AND gone = 0 \
         AND status_code IN (2, 3, 4) AND NOT (status_code = $1 AND reject_reason = $2) \
         AND ($6 = 1 OR revision = $7) AND ($8 < 0 OR company_id = $8)",
    )
    .bind(deciding.decision.leads_to().code())
    .bind(deciding.reason.as_str())
    .bind(now.as_microsecond())
    .bind(deciding.actor.as_str())
    .bind(deciding.ref_key.to_string())
    // Whichever it is only if none was named; a number that cannot be is none that fits.
    .bind(i64::from(deciding.version.is_none()))
    .bind(deciding.version.unwrap_or_default())
    .bind(deciding.scope.map_or(-1, |company| company.0))
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn standing(
    write: &mut Write,
    deciding: &Deciding,
) -> Result<Option<Standing>, DatabaseError> {
    let row = sqlx::query(
        "SELECT status_code, revision, reject_reason, decided_at, decided_by FROM reports \
         WHERE ref_key = $1 AND gone = 0 AND ($2 < 0 OR company_id = $2)",
    )
    .bind(deciding.ref_key.to_string())
    .bind(deciding.scope.map_or(-1, |company| company.0))
    .fetch_optional(&mut **write)
    .await?;
    row.as_ref().map(standing_of).transpose()
}

/// Where a report stands, from a row with its columns.
pub(in crate::database) fn standing_of(row: &AnyRow) -> Result<Standing, DatabaseError> {
    let code = number(row, "status_code")?;
    Ok(Standing {
        status: ReportStatus::try_from(code).map_err(|_| unreadable("status_code", &code))?,
        version: number(row, "revision")?,
        reject_reason: text(row, "reject_reason")?,
        decided_at: optional_time(row, "decided_at")?,
        decided_by: text(row, "decided_by")?,
    })
}

/// Whether this very decision stands already: of the version that is there, of no version, or of the
/// one before by the same hand, whose answer was lost.
fn repeats(deciding: &Deciding, standing: &Standing) -> bool {
    let same = standing.status == deciding.decision.leads_to()
        && standing.reject_reason == deciding.reason;
    let current = deciding.version.is_none_or(|version| version == standing.version);
    let lost = deciding.version.is_some_and(|version| version == standing.version - 1)
        && standing.decided_by == deciding.actor;
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
    deciding: &Deciding,
    latest: &Latest,
    post: &Post<'_>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO custody (id, video_id, at, actor, action, detail) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind((post.new_id)().to_string())
    .bind(latest.video.to_string())
    .bind(post.now.as_microsecond())
    .bind(deciding.actor.as_str())
    .bind(deciding.decision.done())
    .bind(deciding.reason.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn push(deciding: &Deciding) -> Push<'_> {
    let kind = match deciding.decision {
        Decision::Approve => PushKind::Approved,
        Decision::Reject => PushKind::Rejected,
    };
    Push::about(kind, deciding.ref_key, &deciding.reason)
}

/// The event for the report service. Its turn is after every other message about the report, whose
/// row this transaction has locked.
fn telling(
    deciding: &Deciding,
    standing: &Standing,
    latest: Option<&Latest>,
    post: &Post<'_>,
) -> OutboxMessage {
    let kind = "report.decided";
    let data = json!({
        "report_ref_key": deciding.ref_key,
        "submission_id": latest.map(|latest| latest.submission),
        "status_code": standing.status,
        "reason": standing.reject_reason,
        "decided_by": standing.decided_by,
        "decided_at": post.now,
        "version": standing.version,
    });
    let id: EventId = (post.new_id)();
    OutboxMessage {
        id,
        channel: Channel::Webhook,
        kind,
        subject: deciding.ref_key.to_string(),
        body: json!({ "type": kind, "timestamp": post.now, "data": data }).to_string(),
        expires_at: None,
    }
}

//! The one transaction that turns an upload into a submission.

use jiff::Timestamp;

use crate::database::column::{Stored, params};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::enqueue;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::database::videos::reuse::{Fingerprint, claim};
use crate::model::{
    Admission, Digest, EarlierUse, Facts, Finding, Length, OutboxMessage, Person, ReportStatus,
    SubmissionId, UploadId, VehicleGuid, Verdict, VideoId,
};

use super::upload::Details;

/// Everything the transaction writes.
#[derive(Debug, Clone)]
pub struct FinishedUpload {
    pub upload: UploadId,
    /// The fence of the caller's lease.
    pub fence: i64,
    pub owner: Person,
    pub details: Details,
    pub vehicle: VehicleGuid,
    /// The id of the new video.
    pub video: VideoId,
    /// The id of the new submission.
    pub submission: SubmissionId,
    /// Of the bytes, which are stored already.
    pub sha256: Digest,
    pub length: Length,
    /// The facts that the inspection read.
    pub facts: Facts,
    /// The notes of the inspection.
    pub notes: Vec<Finding>,
    pub verdicts: Vec<Verdict>,
    /// The earlier uses of the video on which the verdicts and the message are based.
    pub uses: Vec<EarlierUse>,
    /// The event for the report service.
    pub message: OutboxMessage,
    /// When the video was received.
    pub now: Timestamp,
}

/// The outcome of a finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// Stored, now or by an earlier attempt whose result was lost.
    Stored { video: VideoId, submission: SubmissionId },
    /// The report already has this video, byte for byte.
    Repeats { video: VideoId, submission: SubmissionId },
    /// The report already has another video.
    AlreadySubmitted {
        /// The hash of that video.
        held: Digest,
    },
    /// The earlier uses of the video differ from [`FinishedUpload::uses`]. Nothing was written; the
    /// caller may call again with these.
    Reused {
        /// As [`Database::earlier_uses`] returns them.
        uses: Vec<EarlierUse>,
    },
    /// The report is approved, and accepts no more videos.
    Closed,
    /// The report does not exist, or belongs to another company.
    NoReport,
    /// The owner or the company is inactive (S17).
    OwnerInactive,
    /// The lease has another holder.
    Fenced,
}

/// The status of a report, and its latest submission with its video and the video's hash.
type HeldRow =
    (ReportStatus, Stored<Option<SubmissionId>>, Stored<Option<VideoId>>, Stored<Option<Digest>>);

impl FinishedUpload {
    /// The hashes by which the video is recognised.
    pub const fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            company: self.owner.company,
            ref_key: self.details.ref_key,
            sha256: self.sha256,
            media_sha256: self.facts.media_sha256,
        }
    }
}

impl Database {
    /// Writes everything or nothing: the video, the submission, a custody entry, the outbox message, the
    /// report's status (1 or 4 → 2) and the upload's state.
    pub async fn finish(&self, finished: &FinishedUpload) -> Result<FinishOutcome, DatabaseError> {
        let mut write = self.write().await?;
        if !mark_stored(&mut write, finished).await? {
            return finished_before(&mut write, finished).await;
        }
        if !owner_active(&mut write, finished).await? {
            return Ok(FinishOutcome::OwnerInactive);
        }
        if !submit_report(&mut write, finished).await? {
            return explain_refusal(&mut write, finished).await;
        }
        let uses = claim(&mut write, &finished.fingerprint()).await?;
        if uses != finished.uses {
            return Ok(FinishOutcome::Reused { uses });
        }
        insert_video(&mut write, finished).await?;
        insert_custody(&mut write, finished).await?;
        // Its `seq` is the highest about the report, whose row this transaction has locked.
        enqueue(&mut write, &finished.message, finished.now).await?;
        // Last, because the counter of turns stays locked until the commit.
        insert_submission(&mut write, finished).await?;
        write.commit().await?;
        Ok(FinishOutcome::Stored { video: finished.video, submission: finished.submission })
    }
}

async fn mark_stored(write: &mut Write, finished: &FinishedUpload) -> Result<bool, DatabaseError> {
    let sql = "UPDATE uploads SET state = 'stored', committed = $1, total = $1, holder = '', \
        release_requested = 0, video_id = $2, submission_id = $3, cleanup_at = $4 \
        WHERE id = $5 AND fence = $6 AND state = 'finishing'";
    let FinishedUpload { length, video, submission, now, upload, fence, .. } = finished;
    query(sql, params![length, video, submission, now, upload, fence])
        .changes_one(&mut *write)
        .await
}

/// Looks up the result of an earlier attempt, which may have committed although its
/// confirmation was lost (F13).
async fn finished_before(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    type Ids = (Stored<Option<VideoId>>, Stored<Option<SubmissionId>>);
    let sql = "SELECT video_id, submission_id FROM uploads WHERE id = $1";
    let row: Option<Ids> = query(sql, params![finished.upload]).optional(&mut *write).await?;
    Ok(match row {
        Some((Stored(Some(video)), Stored(Some(submission)))) => {
            FinishOutcome::Stored { video, submission }
        }
        _ => FinishOutcome::Fenced,
    })
}

async fn owner_active(write: &mut Write, finished: &FinishedUpload) -> Result<bool, DatabaseError> {
    let sql = "SELECT p.active * c.active AS active FROM people p \
        JOIN companies c ON c.id = p.company_id WHERE p.id = $1";
    Ok(query(sql, params![finished.owner.id]).value(&mut *write).await?.unwrap_or(false))
}

async fn submit_report(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE reports SET status_code = 2, revision = revision + 1 \
        WHERE ref_key = $1 AND company_id = $2 AND status_code IN (1, 4) AND deleted = 0";
    query(sql, params![finished.details.ref_key, finished.owner.company])
        .changes_one(&mut *write)
        .await
}

async fn explain_refusal(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    let sql = "SELECT r.status_code, COALESCE(s.id, '') AS submission_id, COALESCE(s.video_id, \
        '') AS video_id, COALESCE(v.sha256, '') AS sha256 FROM reports r \
        LEFT JOIN submissions s ON s.ref_key = r.ref_key LEFT JOIN videos v ON v.id = s.video_id \
        WHERE r.ref_key = $1 AND r.company_id = $2 AND r.deleted = 0 ORDER BY s.turn DESC LIMIT 1";
    let row: Option<HeldRow> =
        query(sql, params![finished.details.ref_key, finished.owner.company])
            .optional(&mut *write)
            .await?;
    let Some((status, Stored(submission), Stored(video), Stored(held))) = row else {
        return Ok(FinishOutcome::NoReport);
    };
    Ok(match (Admission::of(status, held, finished.sha256), held, video.zip(submission)) {
        (Admission::Repeat, _, Some((video, submission))) => {
            FinishOutcome::Repeats { video, submission }
        }
        (Admission::AlreadySubmitted, Some(held), _) => FinishOutcome::AlreadySubmitted { held },
        _ => FinishOutcome::Closed,
    })
}

async fn insert_video(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO videos (id, upload_id, company_id, sha256, length, facts, notes, \
        stored_at, media_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let FinishedUpload { video, upload, owner, sha256, length, facts, notes, now, .. } = finished;
    let (company, media) = (owner.company, facts.media_sha256);
    let values = params![video, upload, company, sha256, length, facts, notes, now, media];
    query(sql, values).run(&mut *write).await
}

async fn insert_submission(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<(), DatabaseError> {
    let details = &finished.details;
    let turn = next_number(write, Counter::Submissions).await?;
    let sql = "INSERT INTO submissions (id, ref_key, company_id, person_id, video_id, filename, \
        time_sent_raw, time_sent_at, lat_e8, long_e8, received_at, turn, verdicts, vehicle_guid, \
        duration_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = params![
        finished.submission,
        details.ref_key,
        finished.owner.company,
        finished.owner.id,
        finished.video,
        details.filename,
        details.time_sent.raw,
        details.time_sent.at,
        details.place.lat_e8,
        details.place.long_e8,
        finished.now,
        turn,
        finished.verdicts,
        finished.vehicle,
        finished.facts.duration_ms.unwrap_or(0)
    ];
    query(sql, values).run(&mut *write).await
}

/// The first custody entry of a video. It has the submission's id, because there is one for each
/// submission.
async fn insert_custody(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail) \
        VALUES ($1, $2, $3, $4, 'stored', $5)";
    let FinishedUpload { submission, video, now, owner, sha256, .. } = finished;
    let (actor, detail) = (format!("person:{}", owner.id.0), format!("sha256:{sha256}"));
    let values = params![submission, video, now, actor, detail];
    query(sql, values).run(&mut *write).await
}

//! The one transaction: an upload becomes a submission, or nothing happens at all.

use jiff::Timestamp;
use sqlx::Row as _;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::enqueue;
use crate::database::pool::{Database, Write};
use crate::database::rows::{number, optional, or_empty, parsed, signed, unreadable};
use crate::database::videos::reuse::{Fingerprint, claim};
use crate::model::{
    Admission, Digest, EarlierUse, Facts, Finding, Length, OutboxMessage, Person, ReportStatus,
    SubmissionId, UploadId, VehicleGuid, Verdict, VideoId,
};

use super::upload::Details;

/// Everything the transaction writes.
#[derive(Debug, Clone)]
pub struct FinishedUpload {
    /// The upload.
    pub upload: UploadId,
    /// The lease's number.
    pub fence: i64,
    /// Whose it is.
    pub owner: Person,
    /// What it is about.
    pub details: Details,
    /// The vehicle of its report.
    pub vehicle: VehicleGuid,
    /// The id of the video to be.
    pub video: VideoId,
    /// The id of the submission to be.
    pub submission: SubmissionId,
    /// The hash of its bytes, which are stored already.
    pub sha256: Digest,
    /// How many they are.
    pub length: Length,
    /// What the inspection knows.
    pub facts: Facts,
    /// What the inspection noticed.
    pub notes: Vec<Finding>,
    /// How plausible it is.
    pub verdicts: Vec<Verdict>,
    /// The earlier uses of the video that the verdicts and the message know of.
    pub uses: Vec<EarlierUse>,
    /// What is told to the report service.
    pub message: OutboxMessage,
    /// The moment it was received.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// Done: now, or by an earlier try whose answer was lost.
    Stored {
        /// The video.
        video: VideoId,
        /// The submission.
        submission: SubmissionId,
    },
    /// The report holds these very bytes already.
    Repeats {
        /// The video it holds.
        video: VideoId,
        /// The submission it got them by.
        submission: SubmissionId,
    },
    /// The report holds other bytes.
    AlreadySubmitted {
        /// Their hash.
        held: Digest,
    },
    /// The video was sent for other reports of the company, otherwise than [`FinishedUpload::uses`] says:
    /// nothing has happened, and whoever still wants it calls again with these.
    Reused {
        /// All there are, as [`Database::earlier_uses`] has them.
        uses: Vec<EarlierUse>,
    },
    /// The report was approved.
    Closed,
    /// The report is not there (any more), or not the owner's.
    NoReport,
    /// The owner may no longer act (S17).
    OwnerInactive,
    /// Somebody else holds the lease.
    Fenced,
}

/// A report as the transaction sees it.
struct Held {
    status: ReportStatus,
    latest: Option<(Digest, VideoId, SubmissionId)>,
}

impl FinishedUpload {
    /// By what the video is known again.
    #[must_use]
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
    /// Writes it all, or nothing: video, submission, custody, outbox, report 1|4 → 2, upload stored.
    ///
    /// # Errors
    /// When the database fails. Whether the transaction took effect is then unknown; calling again
    /// with the same values settles it.
    pub async fn finish(&self, finished: &FinishedUpload) -> Result<FinishOutcome, DatabaseError> {
        let mut write = self.write().await?;
        if !mark_stored(&mut write, finished).await? {
            return finished_before(&mut write, finished).await;
        }
        if !owner_active(&mut write, finished).await? {
            return Ok(FinishOutcome::OwnerInactive);
        }
        if !submit_report(&mut write, finished).await? {
            return why_not(&mut write, finished).await;
        }
        let uses = claim(&mut write, &finished.fingerprint()).await?;
        if uses != finished.uses {
            return Ok(FinishOutcome::Reused { uses });
        }
        insert_video(&mut write, finished).await?;
        insert_custody(&mut write, finished).await?;
        // Its turn is after every other message about the report, whose row this transaction has
        // locked.
        enqueue(&mut write, &finished.message, finished.now).await?;
        // Last, because its turn makes others wait for this commit.
        insert_submission(&mut write, finished).await?;
        write.commit().await?;
        Ok(FinishOutcome::Stored { video: finished.video, submission: finished.submission })
    }
}

async fn mark_stored(write: &mut Write, finished: &FinishedUpload) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE uploads SET state = 'stored', committed = $1, total = $1, holder = '', release_requested = 0, \
         video_id = $2, submission_id = $3, cleanup_at = $4 \
         WHERE id = $5 AND fence = $6 AND state = 'finishing'",
    )
    .bind(signed(finished.length.get()))
    .bind(finished.video.to_string())
    .bind(finished.submission.to_string())
    .bind(finished.now.as_microsecond())
    .bind(finished.upload.to_string())
    .bind(finished.fence)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The commit of an earlier try may have been carried out though its answer was lost (F13).
async fn finished_before(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    let row = sqlx::query("SELECT video_id, submission_id FROM uploads WHERE id = $1")
        .bind(finished.upload.to_string())
        .fetch_optional(&mut **write)
        .await?;
    let Some(row) = row else { return Ok(FinishOutcome::Fenced) };
    match (optional(&row, "video_id")?, optional(&row, "submission_id")?) {
        (Some(video), Some(submission)) => Ok(FinishOutcome::Stored { video, submission }),
        _ => Ok(FinishOutcome::Fenced),
    }
}

async fn owner_active(write: &mut Write, finished: &FinishedUpload) -> Result<bool, DatabaseError> {
    let row = sqlx::query(
        "SELECT p.active * c.active AS active FROM people p \
         JOIN companies c ON c.id = p.company_id WHERE p.id = $1",
    )
    .bind(finished.owner.id.0)
    .fetch_optional(&mut **write)
    .await?;
    Ok(row.map(|row| number(&row, "active")).transpose()?.is_some_and(|active| active != 0))
}

async fn submit_report(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE reports SET status_code = 2, revision = revision + 1 \
         WHERE ref_key = $1 AND company_id = $2 AND status_code IN (1, 4) AND deleted = 0",
    )
    .bind(finished.details.ref_key.to_string())
    .bind(finished.owner.company.0)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn why_not(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    let Some(held) = held(write, finished).await? else { return Ok(FinishOutcome::NoReport) };
    let sha256 = held.latest.map(|(sha256, ..)| sha256);
    Ok(match (Admission::of(held.status, sha256, finished.sha256), held.latest) {
        (Admission::Repeat, Some((_, video, submission))) => {
            FinishOutcome::Repeats { video, submission }
        }
        (Admission::AlreadySubmitted, Some((held, ..))) => FinishOutcome::AlreadySubmitted { held },
        _ => FinishOutcome::Closed,
    })
}

async fn held(write: &mut Write, finished: &FinishedUpload) -> Result<Option<Held>, DatabaseError> {
    let row = sqlx::query(
        "SELECT r.status_code, COALESCE(s.id, '') AS submission_id, \
         COALESCE(s.video_id, '') AS video_id, COALESCE(v.sha256, '') AS sha256 FROM reports r \
         LEFT JOIN submissions s ON s.ref_key = r.ref_key LEFT JOIN videos v ON v.id = s.video_id \
         WHERE r.ref_key = $1 AND r.company_id = $2 AND r.deleted = 0 ORDER BY s.turn DESC LIMIT 1",
    )
    .bind(finished.details.ref_key.to_string())
    .bind(finished.owner.company.0)
    .fetch_optional(&mut **write)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let code = row.try_get::<i64, _>("status_code")?;
    let status = ReportStatus::try_from(code).map_err(|_| unreadable("status_code", &code))?;
    let latest = match optional(&row, "sha256")? {
        Some(sha256) => Some((sha256, parsed(&row, "video_id")?, parsed(&row, "submission_id")?)),
        None => None,
    };
    Ok(Some(Held { status, latest }))
}

async fn insert_video(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO videos (id, upload_id, company_id, sha256, length, facts, notes, stored_at, \
         media_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(finished.video.to_string())
    .bind(finished.upload.to_string())
    .bind(finished.owner.company.0)
    .bind(finished.sha256.to_string())
    .bind(signed(finished.length.get()))
    .bind(serde_json::json!(finished.facts).to_string())
    .bind(serde_json::json!(finished.notes).to_string())
    .bind(finished.now.as_microsecond())
    .bind(or_empty(finished.facts.media_sha256.as_ref()))
    .execute(&mut **write)
    .await?;
    Ok(())
}

async fn insert_submission(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<(), DatabaseError> {
    let details = &finished.details;
    let turn = next_number(write, Counter::Submissions).await?;
    sqlx::query(
        "INSERT INTO submissions (id, ref_key, company_id, person_id, video_id, filename, \
         time_sent_raw, time_sent_at, lat_e8, long_e8, received_at, turn, verdicts, vehicle_guid, \
         duration_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(finished.submission.to_string())
    .bind(details.ref_key.to_string())
    .bind(finished.owner.company.0)
    .bind(finished.owner.id.0)
    .bind(finished.video.to_string())
    .bind(details.filename.as_str())
    .bind(details.time_sent.raw.as_str())
    .bind(details.time_sent.at.as_microsecond())
    .bind(details.place.lat_e8)
    .bind(details.place.long_e8)
    .bind(finished.now.as_microsecond())
    .bind(turn)
    .bind(serde_json::json!(finished.verdicts).to_string())
    .bind(finished.vehicle.to_string())
    .bind(signed(finished.facts.duration_ms.unwrap_or(0)))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// The first entry of a video's custody. Its id is the submission's: there is one for each.
async fn insert_custody(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO custody (id, video_id, at, actor, action, detail) \
         VALUES ($1, $2, $3, $4, 'stored', $5)",
    )
    .bind(finished.submission.to_string())
    .bind(finished.video.to_string())
    .bind(finished.now.as_microsecond())
    .bind(format!("person:{}", finished.owner.id.0))
    .bind(format!("sha256:{}", finished.sha256))
    .execute(&mut **write)
    .await?;
    Ok(())
}

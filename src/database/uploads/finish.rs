//! The one transaction: an upload becomes a submission, or nothing happens at all.

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

/// The status of a report, and its latest submission with its video and the video's hash.
type HeldRow =
    (ReportStatus, Stored<Option<SubmissionId>>, Stored<Option<VideoId>>, Stored<Option<Digest>>);

impl FinishedUpload {
    /// By what the video is known again.
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
    let sql = "UPDATE uploads SET state = 'stored', committed = $1, total = $1, holder = '', \
        release_requested = 0, video_id = $2, submission_id = $3, cleanup_at = $4 \
        WHERE id = $5 AND fence = $6 AND state = 'finishing'";
    let FinishedUpload { length, video, submission, now, upload, fence, .. } = finished;
    query(sql, params![length, video, submission, now, upload, fence])
        .changes_one(&mut **write)
        .await
}

/// The commit of an earlier try may have been carried out though its answer was lost (F13).
async fn finished_before(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    type Ids = (Stored<Option<VideoId>>, Stored<Option<SubmissionId>>);
    let sql = "SELECT video_id, submission_id FROM uploads WHERE id = $1";
    let row: Option<Ids> = query(sql, params![finished.upload]).optional(&mut **write).await?;
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
    Ok(query(sql, params![finished.owner.id]).value(&mut **write).await?.unwrap_or(false))
}

async fn submit_report(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE reports SET status_code = 2, revision = revision + 1 \
        WHERE ref_key = $1 AND company_id = $2 AND status_code IN (1, 4) AND deleted = 0";
    query(sql, params![finished.details.ref_key, finished.owner.company])
        .changes_one(&mut **write)
        .await
}

async fn why_not(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    let sql = "SELECT r.status_code, COALESCE(s.id, '') AS submission_id, COALESCE(s.video_id, \
        '') AS video_id, COALESCE(v.sha256, '') AS sha256 FROM reports r \
        LEFT JOIN submissions s ON s.ref_key = r.ref_key LEFT JOIN videos v ON v.id = s.video_id \
        WHERE r.ref_key = $1 AND r.company_id = $2 AND r.deleted = 0 ORDER BY s.turn DESC LIMIT 1";
    let row: Option<HeldRow> =
        query(sql, params![finished.details.ref_key, finished.owner.company])
            .optional(&mut **write)
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
    query(sql, values).run(&mut **write).await
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
    query(sql, values).run(&mut **write).await
}

/// The first entry of a video's custody. Its id is the submission's: there is one for each.
async fn insert_custody(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail) \
        VALUES ($1, $2, $3, $4, 'stored', $5)";
    let FinishedUpload { submission, video, now, owner, sha256, .. } = finished;
    let (actor, detail) = (format!("person:{}", owner.id.0), format!("sha256:{sha256}"));
    let values = params![submission, video, now, actor, detail];
    query(sql, values).run(&mut **write).await
}

//! The one transaction that turns an upload into a submission.

use std::slice;

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::auth::film_links::lock_film_link;
use crate::database::column::{StatedPlace, Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::enqueue;
use crate::database::pool::{Database, Write};
use crate::database::proof::insert_receipt;
use crate::database::statement::query;
use crate::database::videos::reuse::{Fingerprint, earlier_uses, lock};
use crate::model::plausibility::{Outcome, reuse};
use crate::model::{
    Admission, Digest, EarlierUse, EventId, Facts, FilmSender, Finding, Length, OutboxMessage,
    Person, ReceiptId, ReportStatus, SubmissionId, UploadId, VehicleGuid, Verdict, VideoCodec,
    VideoId,
};

use super::upload::Details;

/// Everything the transaction writes.
#[derive(Debug, Clone)]
pub struct FinishedUpload {
    pub upload: UploadId,
    /// The fence of the caller's lease.
    pub fence: i64,
    pub owner: Person,
    /// The sender, if the owner is a film link.
    pub film_link: Option<FilmSender>,
    /// The id of the device that created the upload.
    pub device: String,
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
    /// All verdicts but the one on reuse, which the transaction adds.
    pub verdicts: Vec<Verdict>,
    /// Whether a video that another report holds is refused.
    pub refuses_reuse: bool,
    /// The id of the event for the report service.
    pub event: EventId,
    /// Builds that event with all verdicts.
    pub message: fn(&FinishedUpload, &[Verdict]) -> OutboxMessage,
    /// The id of the new receipt.
    pub receipt: ReceiptId,
    /// Of the receipt's leaf in the transparency log.
    pub salt: String,
    /// Builds the receipt with all verdicts: canonical JSON.
    pub receipt_body: fn(&FinishedUpload, &[Verdict]) -> String,
    /// When the video was received.
    pub now: Timestamp,
}

/// The outcome of a finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// Stored, now or by an earlier attempt whose answer was lost.
    Stored {
        video: VideoId,
        submission: SubmissionId,
        /// The verdict on reuse; `None` after an earlier attempt.
        reuse: Option<Verdict>,
    },
    /// The report already has this video, byte for byte.
    Repeats { video: VideoId, submission: SubmissionId },
    /// The report already has another video.
    AlreadySubmitted {
        /// The hash of that video.
        held: Digest,
    },
    /// Another report holds the video, and [`FinishedUpload::refuses_reuse`] is set.
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
    /// Writes everything or nothing: the video, the submission, a custody entry, the receipt with its
    /// leaf, the outbox message, the report's status (1 or 4 → 2) and the upload's state.
    pub async fn finish(&self, finished: &FinishedUpload) -> Result<FinishOutcome, DatabaseError> {
        let mut write = self.write().await?;
        if !mark_stored(&mut write, finished).await? {
            return finished_before(&mut write, finished).await;
        }
        let admitted = admitted(&mut write, finished).await?;
        if !admitted.owner_active {
            return Ok(FinishOutcome::OwnerInactive);
        }
        if !admitted.report_open {
            return explain_refusal(&mut write, finished).await;
        }
        let uses = uses(&mut write, finished).await?;
        let reuse = reuse(&uses);
        let verdicts = [&finished.verdicts[..], slice::from_ref(&reuse)].concat();
        if !submit_report(&mut write, finished, &verdicts).await? {
            return explain_refusal(&mut write, finished).await;
        }
        if !is_link_valid(&mut write, finished).await? {
            return Ok(FinishOutcome::OwnerInactive);
        }
        if finished.refuses_reuse && uses.iter().any(|earlier| earlier.held) {
            return Ok(FinishOutcome::Reused { uses });
        }
        insert_video(&mut write, finished).await?;
        insert_custody(&mut write, finished).await?;
        insert_submission(&mut write, finished, &verdicts).await?;
        let receipt = (finished.receipt_body)(finished, &verdicts);
        let ids = (finished.receipt, finished.submission);
        insert_receipt(&mut write, ids, &receipt, &finished.salt).await?;
        // Its `seq` is the highest about the report, whose row this transaction has locked.
        enqueue(&mut write, &(finished.message)(finished, &verdicts), finished.now).await?;
        write.commit().await?;
        let FinishedUpload { video, submission, .. } = *finished;
        Ok(FinishOutcome::Stored { video, submission, reuse: Some(reuse) })
    }
}

/// The committed earlier uses. With `refuses_reuse`, waits first for concurrent finishes of the same hashes.
async fn uses(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<Vec<EarlierUse>, DatabaseError> {
    let fingerprint = finished.fingerprint();
    if finished.refuses_reuse {
        lock(write, &fingerprint).await?;
    }
    earlier_uses(&mut *write, &fingerprint).await
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
            FinishOutcome::Stored { video, submission, reuse: None }
        }
        _ => FinishOutcome::Fenced,
    })
}

/// What is known before the earlier uses are read, which a refused finish does not need.
#[derive(FromRow)]
struct Admitted {
    /// True for a film link, which is looked at later.
    #[sqlx(try_from = "Stored<bool>")]
    owner_active: bool,
    /// The update of the report decides: this is read without a lock.
    #[sqlx(try_from = "Stored<bool>")]
    report_open: bool,
}

async fn admitted(write: &mut Write, finished: &FinishedUpload) -> Result<Admitted, DatabaseError> {
    let sql = "SELECT COALESCE((SELECT p.active * c.active FROM people p \
        JOIN companies c ON c.id = p.company_id WHERE p.id = $1), 0) AS owner_active, \
        (SELECT COUNT(*) FROM reports WHERE ref_key = $2 AND company_id = $3 \
        AND status_code IN (1, 4) AND deleted = 0) AS report_open";
    let FinishedUpload { details, owner, .. } = finished;
    let admitted: Admitted =
        query(sql, params![owner.id, details.ref_key, owner.company]).one(&mut *write).await?;
    let owner_active = admitted.owner_active || owner.id.is_film_link();
    Ok(Admitted { owner_active, ..admitted })
}

/// Whether the owner is not a film link, or a valid one. The link is locked after the report, as when a link is
/// issued: in the other order the two would wait for each other.
async fn is_link_valid(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<bool, DatabaseError> {
    let owner = finished.owner.id;
    Ok(!owner.is_film_link() || lock_film_link(write, owner, finished.now).await?)
}

async fn submit_report(
    write: &mut Write,
    finished: &FinishedUpload,
    verdicts: &[Verdict],
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE reports SET status_code = 2, revision = revision + 1, latest_submission = $1, \
        received_at = $4, outcome = $5, codec = $6 \
        WHERE ref_key = $2 AND company_id = $3 AND status_code IN (1, 4) AND deleted = 0";
    let FinishedUpload { submission, details, owner, now, facts, .. } = finished;
    let outcome = Outcome::worst(verdicts);
    let codec = facts.video_codec.as_deref().map(VideoCodec::of);
    query(sql, params![submission, details.ref_key, owner.company, now, outcome, codec])
        .changes_one(&mut *write)
        .await
}

async fn explain_refusal(
    write: &mut Write,
    finished: &FinishedUpload,
) -> Result<FinishOutcome, DatabaseError> {
    let sql = "SELECT r.status_code, COALESCE(s.id, '') AS submission_id, COALESCE(s.video_id, \
        '') AS video_id, COALESCE(v.sha256, '') AS sha256 FROM reports r \
        LEFT JOIN submissions s ON s.id = r.latest_submission LEFT JOIN videos v ON v.id = s.video_id \
        WHERE r.ref_key = $1 AND r.company_id = $2 AND r.deleted = 0";
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
    verdicts: &[Verdict],
) -> Result<(), DatabaseError> {
    let details = &finished.details;
    let place = StatedPlace::columns(details.place);
    let sql = "INSERT INTO submissions (id, ref_key, company_id, person_id, video_id, filename, \
        time_sent_raw, time_sent_at, lat_e8, long_e8, received_at, verdicts, vehicle_guid, \
        duration_ms, device, recorded_raw, recorded_at, link_issuer, link_name, link_mobile) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20)";
    let link = |part: fn(&FilmSender) -> &str| finished.film_link.as_ref().map_or("", part);
    let values = params![
        finished.submission,
        details.ref_key,
        finished.owner.company,
        finished.owner.id,
        finished.video,
        details.filename,
        details.time_sent.raw,
        details.time_sent.at,
        place.lat_e8,
        place.long_e8,
        finished.now,
        verdicts.to_vec(),
        finished.vehicle,
        finished.facts.duration_ms.unwrap_or(0),
        finished.device,
        details.recorded_raw(),
        details.declared_recording(),
        *link(|sender| &sender.issuer),
        *link(|sender| &sender.name),
        *link(|sender| &sender.mobile)
    ];
    query(sql, values).run(&mut *write).await
}

/// The first custody entry of a video. It has the submission's id, because there is one for each
/// submission.
async fn insert_custody(write: &mut Write, finished: &FinishedUpload) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail) \
        VALUES ($1, $2, $3, $4, 'stored', $5)";
    let FinishedUpload { submission, video, now, owner, sha256, .. } = finished;
    let (actor, detail) = (owner.id.actor(), format!("sha256:{sha256}"));
    let values = params![submission, video, now, actor, detail];
    query(sql, values).run(&mut *write).await
}

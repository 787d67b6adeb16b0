//! Stored videos, and who has had them in hand.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::reports::decisions::ReportState;
use crate::database::statement::query;
use crate::model::{
    CompanyId, Digest, EventId, Facts, Finding, Place, RefKey, SubmissionId, TimeSent, UploadId,
    Verdict, VideoId,
};

/// A stored video with the submission that brought it.
#[derive(Debug, Clone, FromRow)]
pub struct VideoRow {
    /// Its id.
    pub id: VideoId,
    /// The upload it came by; part of its key.
    #[sqlx(rename = "upload_id")]
    pub upload: UploadId,
    /// Whose it is.
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// The hash of its bytes.
    pub sha256: Digest,
    /// What the inspection knows.
    pub facts: Facts,
    /// What the inspection noticed.
    #[sqlx(try_from = "Stored<Vec<Finding>>")]
    pub notes: Vec<Finding>,
    /// How plausible it is.
    #[sqlx(try_from = "Stored<Vec<Verdict>>")]
    pub verdicts: Vec<Verdict>,
    /// Where its report stands.
    #[sqlx(flatten)]
    pub report_state: ReportState,
    /// The submission.
    #[sqlx(rename = "submission_id")]
    pub submission: SubmissionId,
    /// When the driver says it was sent.
    #[sqlx(flatten)]
    pub time_sent: TimeSent,
    /// Where the driver says it was sent.
    #[sqlx(flatten)]
    pub place: Place,
    /// When it was received.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub received_at: Timestamp,
}

/// One line of a video's custody.
#[derive(Debug, Clone)]
pub struct CustodyEntry {
    /// Its id.
    pub id: EventId,
    /// The video.
    pub video: VideoId,
    /// When.
    pub at: Timestamp,
    /// Who, such as `person:153`.
    pub actor: String,
    /// What was done, such as `linked`.
    pub action: &'static str,
    /// Anything more.
    pub detail: String,
}

impl Database {
    /// The latest video of a report.
    pub async fn latest_video(&self, ref_key: RefKey) -> Result<Option<VideoRow>, DatabaseError> {
        let sql = "SELECT v.id, v.upload_id, v.company_id, v.sha256, v.facts, v.notes, \
            s.verdicts, s.id AS submission_id, s.time_sent_raw, s.time_sent_at, \
            s.lat_e8, s.long_e8, s.received_at, r.status_code, r.revision, r.reject_reason, \
            r.decided_at, r.decided_by FROM submissions s JOIN videos v ON v.id = s.video_id JOIN \
            reports r ON r.ref_key = s.ref_key WHERE s.ref_key = $1 ORDER BY s.turn DESC LIMIT 1";
        query(sql, params![ref_key]).optional(&self.pool).await
    }

    /// Writes a line of custody.
    pub async fn add_custody(&self, entry: &CustodyEntry) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        query(
            sql,
            params![entry.id, entry.video, entry.at, entry.actor, entry.action, entry.detail],
        )
        .run(&self.pool)
        .await
    }
}

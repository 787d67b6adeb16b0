//! Stored videos and their custody entries.

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

/// A stored video with its submission.
#[derive(Debug, Clone, FromRow)]
pub struct VideoRow {
    pub id: VideoId,
    /// Part of its key in storage.
    #[sqlx(rename = "upload_id")]
    pub upload: UploadId,
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// Of the whole file.
    pub sha256: Digest,
    /// The facts that the inspection read.
    pub facts: Facts,
    /// The notes of the inspection.
    #[sqlx(try_from = "Stored<Vec<Finding>>")]
    pub notes: Vec<Finding>,
    #[sqlx(try_from = "Stored<Vec<Verdict>>")]
    pub verdicts: Vec<Verdict>,
    /// The state of its report.
    #[sqlx(flatten)]
    pub report_state: ReportState,
    #[sqlx(rename = "submission_id")]
    pub submission: SubmissionId,
    /// According to the driver's phone.
    #[sqlx(flatten)]
    pub time_sent: TimeSent,
    /// According to the driver's phone.
    #[sqlx(flatten)]
    pub place: Place,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub received_at: Timestamp,
}

/// A custody entry of a video.
#[derive(Debug, Clone)]
pub struct CustodyEntry {
    pub id: EventId,
    pub video: VideoId,
    pub at: Timestamp,
    /// Such as `person:153`.
    pub actor: String,
    /// Such as `linked`.
    pub action: &'static str,
    pub detail: String,
}

impl Database {
    /// The latest video of a report.
    pub async fn latest_video(&self, ref_key: RefKey) -> Result<Option<VideoRow>, DatabaseError> {
        let sql = "SELECT v.id, v.upload_id, v.company_id, v.sha256, v.facts, v.notes, \
            s.verdicts, s.id AS submission_id, s.time_sent_raw, s.time_sent_at, \
            s.lat_e8, s.long_e8, s.received_at, r.status_code, r.revision, r.reject_reason, \
            r.decided_at, r.decided_by FROM submissions s JOIN videos v ON v.id = s.video_id JOIN \
            reports r ON r.latest_submission = s.id WHERE r.ref_key = $1";
        query(sql, params![ref_key]).optional(&self.pool).await
    }

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

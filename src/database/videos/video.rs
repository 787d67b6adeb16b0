//! Stored videos, and who has had them in hand.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::reports::decisions::{ReportState, report_state};
use crate::database::rows::{count, json, json_or_default, number, parsed, text, time};
use crate::model::{
    CompanyId, Digest, EventId, Facts, Finding, Length, Place, RefKey, SubmissionId, TimeSent,
    UploadId, Verdict, VideoId,
};

/// A stored video with the submission that brought it.
#[derive(Debug, Clone)]
pub struct VideoRow {
    /// Its id.
    pub id: VideoId,
    /// The upload it came by; part of its key.
    pub upload: UploadId,
    /// Whose it is.
    pub company: CompanyId,
    /// The hash of its bytes.
    pub sha256: Digest,
    /// How many they are.
    pub length: Length,
    /// What the inspection knows.
    pub facts: Facts,
    /// What the inspection noticed.
    pub notes: Vec<Finding>,
    /// How plausible it is.
    pub verdicts: Vec<Verdict>,
    /// Where its report stands.
    pub report_state: ReportState,
    /// The submission.
    pub submission: SubmissionId,
    /// The phone's name for the file.
    pub filename: String,
    /// When the driver says it was sent.
    pub time_sent: TimeSent,
    /// Where the driver says it was sent.
    pub place: Place,
    /// When it was received.
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
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest_video(&self, ref_key: RefKey) -> Result<Option<VideoRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT v.id, v.upload_id, v.company_id, v.sha256, v.length, v.facts, v.notes, \
             s.verdicts, s.id AS submission_id, s.filename, s.time_sent_raw, s.time_sent_at, s.lat_e8, \
             s.long_e8, s.received_at, r.status_code, r.revision, r.reject_reason, r.decided_at, \
             r.decided_by FROM submissions s JOIN videos v ON v.id = s.video_id \
             JOIN reports r ON r.ref_key = s.ref_key WHERE s.ref_key = $1 ORDER BY s.turn DESC LIMIT 1",
        )
        .bind(ref_key.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// Writes a line of custody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_custody(&self, entry: &CustodyEntry) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO custody (id, video_id, at, actor, action, detail) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(entry.id.to_string())
        .bind(entry.video.to_string())
        .bind(entry.at.as_microsecond())
        .bind(entry.actor.as_str())
        .bind(entry.action)
        .bind(entry.detail.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<VideoRow, DatabaseError> {
    Ok(VideoRow {
        id: parsed(row, "id")?,
        upload: parsed(row, "upload_id")?,
        company: CompanyId(number(row, "company_id")?),
        sha256: parsed(row, "sha256")?,
        length: Length::new(count(row, "length")?),
        facts: json(row, "facts")?,
        notes: json(row, "notes")?,
        verdicts: json_or_default(row, "verdicts")?,
        report_state: report_state(row)?,
        submission: parsed(row, "submission_id")?,
        filename: text(row, "filename")?,
        time_sent: TimeSent { raw: text(row, "time_sent_raw")?, at: time(row, "time_sent_at")? },
        place: Place { lat_e8: number(row, "lat_e8")?, long_e8: number(row, "long_e8")? },
        received_at: time(row, "received_at")?,
    })
}

//! Submissions on their way to 1C: in the order of their turns, and how far a node has come.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{count, json, json_or_default, number, parsed, text, time, unreadable};
use crate::model::{
    Digest, Facts, Finding, Length, Place, RefKey, ReportStatus, SubmissionId, TimeSent, UploadId,
    Verdict, VideoId,
};

/// A submission, as 1C is written of it.
#[derive(Debug, Clone)]
pub struct SubmissionRow {
    /// Its place in the queue.
    pub turn: i64,
    /// Its id.
    pub id: SubmissionId,
    /// The report.
    pub ref_key: RefKey,
    /// The report's state today.
    pub status: ReportStatus,
    /// The number of that state, which a decision names.
    pub revision: i64,
    /// The video.
    pub video: VideoId,
    /// The upload the video came by; part of its key.
    pub upload: UploadId,
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
    /// When the driver says it was sent.
    pub time_sent: TimeSent,
    /// Where the driver says it was sent.
    pub place: Place,
    /// When it was received.
    pub received_at: Timestamp,
}

const SELECT: &str = "SELECT s.turn, s.id, s.ref_key, r.status_code, r.revision, s.video_id, \
                      v.upload_id, v.sha256, v.length, v.facts, v.notes, s.verdicts, s.time_sent_raw, \
                      s.time_sent_at, s.lat_e8, s.long_e8, s.received_at FROM submissions s \
                      JOIN videos v ON v.id = s.video_id JOIN reports r ON r.ref_key = s.ref_key";

impl Database {
    /// The submissions after this turn, in their order, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submissions_after(
        &self,
        turn: i64,
        limit: u32,
    ) -> Result<Vec<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.turn > $1 ORDER BY s.turn LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(turn)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }

    /// One submission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submission(
        &self,
        id: SubmissionId,
    ) -> Result<Option<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The last turn there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_turn(&self) -> Result<i64, DatabaseError> {
        let row = sqlx::query("SELECT COALESCE(MAX(turn), 0) AS turn FROM submissions")
            .fetch_one(&self.pool)
            .await?;
        number(&row, "turn")
    }

    /// Up to which turn a node has taken submissions over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledged(&self, node: &str) -> Result<i64, DatabaseError> {
        let row = sqlx::query("SELECT acknowledged FROM onec_nodes WHERE node = $1")
            .bind(node)
            .fetch_optional(&self.pool)
            .await?;
        row.map_or(Ok(0), |row| number(&row, "acknowledged"))
    }

    /// A node has taken submissions over up to this turn. It never goes back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge(&self, node: &str, turn: i64) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO onec_nodes (node, acknowledged, received_no) VALUES ($1, $2, 0) \
             ON CONFLICT (node) DO UPDATE SET acknowledged = excluded.acknowledged \
             WHERE onec_nodes.acknowledged < excluded.acknowledged",
        )
        .bind(node)
        .bind(turn)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<SubmissionRow, DatabaseError> {
    let code = number(row, "status_code")?;
    Ok(SubmissionRow {
        turn: number(row, "turn")?,
        id: parsed(row, "id")?,
        ref_key: parsed(row, "ref_key")?,
        status: ReportStatus::try_from(code).map_err(|_| unreadable("status_code", &code))?,
        revision: number(row, "revision")?,
        video: parsed(row, "video_id")?,
        upload: parsed(row, "upload_id")?,
        sha256: parsed(row, "sha256")?,
        length: Length::new(count(row, "length")?),
        facts: json(row, "facts")?,
        notes: json(row, "notes")?,
        verdicts: json_or_default(row, "verdicts")?,
        time_sent: TimeSent { raw: text(row, "time_sent_raw")?, at: time(row, "time_sent_at")? },
        place: Place { lat_e8: number(row, "lat_e8")?, long_e8: number(row, "long_e8")? },
        received_at: time(row, "received_at")?,
    })
}

//! Submissions on their way to 1C: in the order of their turns, and how far a node has come.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{
    Digest, Facts, Finding, Length, Place, RefKey, ReportStatus, SubmissionId, TimeSent, UploadId,
    Verdict, VideoId,
};

/// A submission, as 1C is written of it.
#[derive(Debug, Clone, FromRow)]
pub struct SubmissionRow {
    /// Its place in the queue.
    pub turn: i64,
    /// Its id.
    pub id: SubmissionId,
    /// The report.
    pub ref_key: RefKey,
    /// The report's state today.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// The number of that state, which a decision names.
    pub revision: i64,
    /// The video.
    #[sqlx(rename = "video_id")]
    pub video: VideoId,
    /// The upload the video came by; part of its key.
    #[sqlx(rename = "upload_id")]
    pub upload: UploadId,
    /// The hash of its bytes.
    pub sha256: Digest,
    /// How many they are.
    pub length: Length,
    /// What the inspection knows.
    pub facts: Facts,
    /// What the inspection noticed.
    #[sqlx(try_from = "Stored<Vec<Finding>>")]
    pub notes: Vec<Finding>,
    /// How plausible it is.
    #[sqlx(try_from = "Stored<Vec<Verdict>>")]
    pub verdicts: Vec<Verdict>,
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

const SELECT: &str = "SELECT s.turn, s.id, s.ref_key, r.status_code, r.revision, s.video_id, \
                      v.upload_id, v.sha256, v.length, v.facts, v.notes, s.verdicts, \
                      s.time_sent_raw, s.time_sent_at, s.lat_e8, s.long_e8, s.received_at FROM \
                      submissions s JOIN videos v ON v.id = s.video_id JOIN reports r ON r.ref_key \
                      = s.ref_key";

impl Database {
    /// The submissions after this turn, in their order, at most `limit`.
    pub async fn submissions_after(
        &self,
        turn: i64,
        limit: u32,
    ) -> Result<Vec<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.turn > $1 ORDER BY s.turn LIMIT $2");
        query(sqlx::AssertSqlSafe(sql), params![turn, limit]).all(&self.pool).await
    }

    /// One submission.
    pub async fn submission(
        &self,
        id: SubmissionId,
    ) -> Result<Option<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.id = $1");
        query(sqlx::AssertSqlSafe(sql), params![id]).optional(&self.pool).await
    }

    /// The last turn there is.
    pub async fn last_turn(&self) -> Result<i64, DatabaseError> {
        let sql = "SELECT COALESCE(MAX(turn), 0) AS turn FROM submissions";
        let (turn,) = query(sql, vec![]).one(&self.pool).await?;
        Ok(turn)
    }

    /// Up to which turn a node has taken submissions over.
    pub async fn acknowledged(&self, node: &str) -> Result<i64, DatabaseError> {
        let sql = "SELECT acknowledged FROM onec_nodes WHERE node = $1";
        let turn = query(sql, params![node]).value(&self.pool).await?;
        Ok(turn.unwrap_or(0))
    }

    /// A node has taken submissions over up to this turn. It never goes back.
    pub async fn acknowledge(&self, node: &str, turn: i64) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO onec_nodes (node, acknowledged, received_no) VALUES ($1, $2, 0) \
            ON CONFLICT (node) DO UPDATE SET acknowledged = excluded.acknowledged \
            WHERE onec_nodes.acknowledged < excluded.acknowledged";
        query(sql, params![node, turn]).run(&self.pool).await
    }
}

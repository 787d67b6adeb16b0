//! The queue of submissions for 1C, ordered by `turn`, and the turn up to which each node has
//! acknowledged.

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

/// A submission in the queue.
#[derive(Debug, Clone, FromRow)]
pub struct SubmissionRow {
    /// The position in the queue.
    pub turn: i64,
    pub id: SubmissionId,
    pub ref_key: RefKey,
    /// The current status of the report.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// The current revision of the report. A decision names it.
    pub revision: i64,
    #[sqlx(rename = "video_id")]
    pub video: VideoId,
    /// Part of the key of the video in storage.
    #[sqlx(rename = "upload_id")]
    pub upload: UploadId,
    /// Of the video.
    pub sha256: Digest,
    pub length: Length,
    /// The facts that the inspection read.
    pub facts: Facts,
    /// The notes of the inspection.
    #[sqlx(try_from = "Stored<Vec<Finding>>")]
    pub notes: Vec<Finding>,
    #[sqlx(try_from = "Stored<Vec<Verdict>>")]
    pub verdicts: Vec<Verdict>,
    /// According to the driver's phone.
    #[sqlx(flatten)]
    pub time_sent: TimeSent,
    /// When the video was recorded, according to the app.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub recorded_at: Option<Timestamp>,
    /// According to the driver's phone.
    #[sqlx(flatten)]
    pub place: Place,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub received_at: Timestamp,
}

const SELECT: &str = "SELECT s.turn, s.id, s.ref_key, r.status_code, r.revision, s.video_id, \
                      v.upload_id, v.sha256, v.length, v.facts, v.notes, s.verdicts, \
                      s.time_sent_raw, s.time_sent_at, s.recorded_at, s.lat_e8, s.long_e8, s.received_at FROM \
                      submissions s JOIN videos v ON v.id = s.video_id JOIN reports r ON r.ref_key \
                      = s.ref_key";

impl Database {
    /// At most `limit` submissions after this turn, in their order.
    pub async fn submissions_after(
        &self,
        turn: i64,
        limit: u32,
    ) -> Result<Vec<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.turn > $1 ORDER BY s.turn LIMIT $2");
        query(sqlx::AssertSqlSafe(sql), params![turn, limit]).all(&self.pool).await
    }

    pub async fn submission(
        &self,
        id: SubmissionId,
    ) -> Result<Option<SubmissionRow>, DatabaseError> {
        let sql = format!("{SELECT} WHERE s.id = $1");
        query(sqlx::AssertSqlSafe(sql), params![id]).optional(&self.pool).await
    }

    /// The turn of the latest submission; 0 if there is none.
    pub async fn last_turn(&self) -> Result<i64, DatabaseError> {
        let sql = "SELECT COALESCE(MAX(turn), 0) AS turn FROM submissions WHERE turn > 0";
        let (turn,) = query(sql, vec![]).one(&self.pool).await?;
        Ok(turn)
    }

    /// The turn up to which a node has acknowledged; 0 if none.
    pub async fn acknowledged(&self, node: &str) -> Result<i64, DatabaseError> {
        let sql = "SELECT acknowledged FROM onec_nodes WHERE node = $1";
        let turn = query(sql, params![node]).value(&self.pool).await?;
        Ok(turn.unwrap_or(0))
    }

    /// Records that a node has acknowledged up to this turn. The stored turn never decreases.
    pub async fn acknowledge(&self, node: &str, turn: i64) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO onec_nodes (node, acknowledged, received_no) VALUES ($1, $2, 0) \
            ON CONFLICT (node) DO UPDATE SET acknowledged = excluded.acknowledged \
            WHERE onec_nodes.acknowledged < excluded.acknowledged";
        query(sql, params![node, turn]).run(&self.pool).await
    }
}

//! The queue of submissions for 1C, ordered by `turn`, and the turn up to which each node has
//! acknowledged.

use sqlx::FromRow;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::database::videos::{SUBMISSION_COLUMNS, StoredSubmission};
use crate::model::{ReportStatus, SubmissionId};

/// A submission in the queue.
#[derive(Debug, Clone, FromRow)]
pub struct SubmissionRow {
    /// The position in the queue.
    pub turn: i64,
    #[sqlx(flatten)]
    pub stored: StoredSubmission,
    /// The current status of the report.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// The current revision of the report. A decision names it.
    pub revision: i64,
}

impl Database {
    /// At most `limit` submissions after this turn, in their order.
    pub async fn submissions_after(
        &self,
        turn: i64,
        limit: u32,
    ) -> Result<Vec<SubmissionRow>, DatabaseError> {
        let sql = select("s.turn > $1 ORDER BY s.turn LIMIT $2");
        query(sqlx::AssertSqlSafe(sql), params![turn, limit]).all(&self.pool).await
    }

    pub async fn submission(
        &self,
        id: SubmissionId,
    ) -> Result<Option<SubmissionRow>, DatabaseError> {
        let sql = select("s.id = $1");
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

fn select(condition: &'static str) -> String {
    format!(
        "SELECT s.turn, {SUBMISSION_COLUMNS}, r.status_code, r.revision FROM submissions s \
         JOIN videos v ON v.id = s.video_id JOIN reports r ON r.ref_key = s.ref_key \
         WHERE {condition}"
    )
}

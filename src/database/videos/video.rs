//! Stored videos and their custody entries.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow};

use crate::database::column::params;
use crate::database::connection::Target;
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::reports::decisions::ReportState;
use crate::database::statement::query;
use crate::model::{CompanyId, EventId, RefKey, VideoId};

use super::submission::{SUBMISSION_COLUMNS, StoredSubmission};

/// The latest video of a report.
#[derive(Debug, Clone, FromRow)]
pub struct VideoRow {
    #[sqlx(flatten)]
    pub stored: StoredSubmission,
    /// The state of the report.
    #[sqlx(flatten)]
    pub report_state: ReportState,
}

/// A view of a video, as its custody records it.
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
        let sql = latest_video("r.ref_key = $1");
        query(AssertSqlSafe(sql), params![ref_key]).optional(&self.pool).await
    }

    /// The latest video of a report, if it belongs to this company. One statement, so that a foreign one
    /// costs what an unknown one costs.
    pub async fn latest_video_of(
        &self,
        company: CompanyId,
        ref_key: RefKey,
    ) -> Result<Option<VideoRow>, DatabaseError> {
        let sql = latest_video("r.ref_key = $1 AND v.company_id = $2");
        query(AssertSqlSafe(sql), params![ref_key, company]).optional(&self.pool).await
    }

    /// Adds the custody entry of a view. A view by an actor with an entry since `since` increments its count and
    /// replaces its detail.
    pub async fn add_view(
        &self,
        entry: &CustodyEntry,
        since: Timestamp,
    ) -> Result<(), DatabaseError> {
        if repeat_view((&self.pool).into(), entry, since).await? {
            return Ok(());
        }
        let mut write = self.write().await?;
        // Concurrent first views wait here on PostgreSQL.
        let sql = "UPDATE videos SET length = length WHERE id = $1";
        query(sql, params![entry.video]).run(&mut write).await?;
        count_view(&mut write, entry, since).await?;
        write.commit().await
    }
}

/// As [`Database::add_view`], within a transaction.
pub(in crate::database) async fn count_view(
    write: &mut Write,
    entry: &CustodyEntry,
    since: Timestamp,
) -> Result<(), DatabaseError> {
    if repeat_view((&mut *write).into(), entry, since).await? {
        return Ok(());
    }
    let sql = "INSERT INTO custody (id, video_id, at, actor, action, detail, views, last_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 1, $3)";
    let CustodyEntry { id, video, at, actor, action, detail } = entry;
    query(sql, params![id, video, at, actor, action, detail]).run(&mut *write).await
}

/// Counts a repeated view. Returns `false` if it is the first one since `since`.
async fn repeat_view(
    on: Target<'_>,
    entry: &CustodyEntry,
    since: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE custody SET views = views + 1, last_at = $1, detail = $2 \
        WHERE video_id = $3 AND at > $4 AND actor = $5 AND action = $6 AND views > 0";
    let CustodyEntry { video, at, actor, action, detail, .. } = entry;
    let repeated = query(sql, params![at, detail, video, since, actor, action]).execute(on).await?;
    Ok(repeated > 0)
}

fn latest_video(condition: &'static str) -> String {
    format!(
        "SELECT {SUBMISSION_COLUMNS}, r.status_code, r.revision, r.reject_reason, r.decided_at, \
         r.decided_by FROM submissions s JOIN videos v ON v.id = s.video_id \
         JOIN reports r ON r.latest_submission = s.id WHERE {condition}"
    )
}

//! Where a report stands in a queue: counts, positions, and the next report.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;
use crate::model::plausibility::Outcome;
use crate::model::{PersonId, RefKey, ReportStatus, TypeCode, VideoCodec};

use super::query::{NOT_PENDING, QueueQuery};
use super::queue::{QueueCursor, push_order};

/// What filters compare of a report that a search has found.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct FacetRow {
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    #[sqlx(try_from = "Stored<Option<Outcome>>")]
    pub outcome: Option<Outcome>,
    #[sqlx(try_from = "Stored<Option<VideoCodec>>")]
    pub codec: Option<VideoCodec>,
    #[sqlx(rename = "type_code", try_from = "Stored<Option<TypeCode>>")]
    pub vehicle_type: Option<TypeCode>,
}

impl Database {
    /// How many reports each of these queues has, in their order. Counting one ends at `limit`.
    pub async fn count_queues(
        &self,
        queues: &[QueueQuery],
        limit: i64,
    ) -> Result<Vec<i64>, DatabaseError> {
        let mut statement = Statement::new("");
        for (place, wanted) in queues.iter().enumerate() {
            let union = if place == 0 { "" } else { " UNION ALL " };
            statement.push(&format!("{union}SELECT CAST({place} AS BIGINT) AS place, "));
            statement.push("COUNT(*) AS reports FROM (SELECT r.ref_key");
            wanted.push_source(&mut statement, "");
            wanted.push_conditions(&mut statement);
            statement.push(" LIMIT ").bind(&limit).push(") AS counted");
        }
        if queues.is_empty() {
            return Ok(Vec::new());
        }
        let mut counts: Vec<(i64, i64)> = statement.all(&self.pool).await?;
        counts.sort_unstable();
        Ok(counts.into_iter().map(|(_, reports)| reports).collect())
    }

    /// What filters compare of the reports that a search finds, whatever their filters.
    pub async fn facet_rows(&self, wanted: &QueueQuery) -> Result<Vec<FacetRow>, DatabaseError> {
        let mut statement =
            Statement::new("SELECT r.status_code, r.due_at, r.outcome, r.codec, r.type_code");
        wanted.push_source(&mut statement, "");
        wanted.push_conditions(&mut statement);
        statement.all(&self.pool).await
    }

    /// How many reports of a queue stand before this one, counted up to `limit`. `None` if it is not in the
    /// queue.
    pub async fn reports_before(
        &self,
        wanted: &QueueQuery,
        cursor: &QueueCursor,
        limit: i64,
    ) -> Result<Option<i64>, DatabaseError> {
        let mut statement = Statement::new("SELECT r.ref_key");
        wanted.push_source(&mut statement, "");
        wanted.push_conditions(&mut statement);
        statement.push(" AND r.ref_key = ").bind(&cursor.ref_key);
        if !statement.exists(&self.pool).await? {
            return Ok(None);
        }
        let mut statement = Statement::new("SELECT COUNT(*) FROM (SELECT r.ref_key");
        wanted.push_source(&mut statement, "");
        wanted.push_conditions(&mut statement);
        cursor.push(&mut statement, "<");
        statement.push(" LIMIT ").bind(&limit).push(") AS earlier");
        statement.value(&self.pool).await
    }

    /// The first report of a queue after the cursor that nobody but this reviewer has claimed, except
    /// `current`.
    pub async fn next_in_queue(
        &self,
        wanted: &QueueQuery,
        person: PersonId,
        after: Option<&QueueCursor>,
        current: Option<RefKey>,
        now: Timestamp,
    ) -> Result<Option<RefKey>, DatabaseError> {
        let mut statement = Statement::new("SELECT r.ref_key");
        wanted.push_source(&mut statement, "");
        wanted.push_conditions(&mut statement);
        if wanted.search.is_some() {
            statement.push(NOT_PENDING);
        }
        if wanted.status == Some(ReportStatus::Submitted) {
            // Status 2 without a video: 1C received the video in another way, so there is nothing to review.
            statement.push(" AND r.latest_submission <> ''");
        }
        statement
            .push(
                " AND NOT EXISTS (SELECT 1 FROM claims k WHERE k.ref_key = r.ref_key AND k.until > ",
            )
            .bind(&now)
            .push(" AND k.person_id <> ")
            .bind(&person)
            .push(")");
        if let Some(current) = current {
            statement.push(" AND r.ref_key <> ").bind(&current);
        }
        if let Some(after) = after {
            after.push(&mut statement, ">");
        }
        push_order(&mut statement, "", 1);
        statement.value(&self.pool).await
    }
}

//! Expired uploads, and what ended uploads have left in storage.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow};

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Digest, NodeId, PersonId, UploadId};

/// An ended upload that may have left objects in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct UploadLeftovers {
    #[sqlx(rename = "id")]
    pub upload: UploadId,
    /// The hash of its stored video, which must not be removed.
    #[sqlx(try_from = "Stored<Option<Digest>>")]
    pub kept: Option<Digest>,
    /// Whether this is the second cleanup.
    #[sqlx(rename = "cleaned_once", try_from = "Stored<bool>")]
    pub again: bool,
    /// When the upload would have expired.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
}

/// The uploads whose cleanup is due at `$1`.
const LEFTOVERS: &str = "SELECT u.id, u.cleaned_once, u.expires_at, COALESCE(v.sha256, '') AS kept \
    FROM uploads u LEFT JOIN videos v ON v.upload_id = u.id WHERE u.cleanup_at > 0 AND u.cleanup_at <= $1";

impl Database {
    /// Expired uploads whose lease is free or held by `node`, with their fences, oldest first.
    pub async fn expired_uploads(
        &self,
        node: NodeId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UploadId, i64)>, DatabaseError> {
        let sql = "SELECT id, fence FROM uploads WHERE state IN ('open', 'finishing') \
            AND holder IN ('', $1) AND expires_at <= $2 ORDER BY expires_at LIMIT $3";
        query(sql, params![node, now, limit]).all(&self.pool).await
    }

    /// Ended uploads whose cleanup is due.
    pub async fn uploads_to_clean(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<UploadLeftovers>, DatabaseError> {
        let sql = format!("{LEFTOVERS} ORDER BY u.cleanup_at LIMIT $2");
        query(AssertSqlSafe(sql), params![now, limit]).all(&self.pool).await
    }

    /// The leftovers of one upload, if its cleanup is due.
    pub async fn leftovers(
        &self,
        upload: UploadId,
        now: Timestamp,
    ) -> Result<Option<UploadLeftovers>, DatabaseError> {
        let sql = format!("{LEFTOVERS} AND u.id = $2");
        query(AssertSqlSafe(sql), params![now, upload]).optional(&self.pool).await
    }

    /// Records a cleanup and deletes the rows of the segments. A second cleanup is due at `again`; `None`:
    /// never. Also clears the columns stated by the phone: a submission has its own copy. For a stored upload
    /// they are kept until the last cleanup, because `HEAD` repeats its metadata until then (T-33).
    pub async fn mark_cleaned(
        &self,
        id: UploadId,
        again: Option<Timestamp>,
    ) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE uploads SET cleanup_at = $1, cleaned_once = $2 WHERE id = $3";
        query(sql, params![again.map_or(0, Timestamp::as_microsecond), again.is_some(), id])
            .execute(&mut write)
            .await?;
        let sql = "UPDATE uploads SET metadata = '', filename = '', time_sent_raw = '', \
            time_sent_at = 0, recorded_raw = '', recorded_at = 0, lat_e8 = 0, long_e8 = 0, device = '' \
            WHERE id = $1 AND (state <> 'stored' OR cleanup_at = 0)";
        query(sql, params![id]).execute(&mut write).await?;
        let sql = "DELETE FROM segments WHERE upload_id = $1";
        query(sql, params![id]).execute(&mut write).await?;
        write.commit().await
    }

    /// Deletes up to `limit` uploads that have ended and would have expired before `expired`.
    pub async fn purge_uploads(
        &self,
        expired: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE state IN \
            ('stored', 'refused', 'unwanted', 'terminated', 'expired', 'lost') \
            AND expires_at < $1 AND cleanup_at = 0 LIMIT $2)";
        query(sql, params![expired, limit]).execute(&self.pool).await
    }

    /// How many uploads of a person were created since `since` and ended without a stored video, and when
    /// the first of them was created.
    pub async fn abandoned_uploads(
        &self,
        person: PersonId,
        since: Timestamp,
    ) -> Result<(u64, Timestamp), DatabaseError> {
        let sql = "SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM uploads \
            WHERE person_id = $1 AND created_at > $2 \
            AND state IN ('refused', 'unwanted', 'terminated', 'expired', 'lost')";
        let (Stored(made), Stored(first)) =
            query(sql, params![person, since]).one(&self.pool).await?;
        Ok((made, first))
    }
}

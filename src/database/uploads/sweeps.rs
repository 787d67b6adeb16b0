//! What is to be tidied up.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Digest, NodeId, UploadId};

/// What an ended upload may have left in stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct UploadLeftovers {
    /// The upload.
    #[sqlx(rename = "id")]
    pub upload: UploadId,
    /// The hash of the video it became, which stays.
    #[sqlx(try_from = "Stored<Option<Digest>>")]
    pub kept: Option<Digest>,
    /// Whether this is the second look, after the latest put that could have been under way.
    #[sqlx(rename = "cleaned_once", try_from = "Stored<bool>")]
    pub again: bool,
}

impl Database {
    /// Uploads that nobody but `node` holds and whose time is over, with their fences, oldest first.
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

    /// Ended uploads whose leftovers in stores are due to be cleared.
    pub async fn uploads_to_clean(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<UploadLeftovers>, DatabaseError> {
        let sql = "SELECT u.id, u.cleaned_once, COALESCE(v.sha256, '') AS kept FROM uploads u \
            LEFT JOIN videos v ON v.upload_id = u.id WHERE u.cleanup_at > 0 AND u.cleanup_at <= $1 \
            ORDER BY u.cleanup_at LIMIT $2";
        query(sql, params![now, limit]).all(&self.pool).await
    }

    /// What an upload that has just ended left, if it is due to be cleared.
    pub async fn leftovers(
        &self,
        upload: UploadId,
        now: Timestamp,
    ) -> Result<Option<UploadLeftovers>, DatabaseError> {
        let sql = "SELECT u.id, u.cleaned_once, COALESCE(v.sha256, '') AS kept FROM uploads u \
            LEFT JOIN videos v ON v.upload_id = u.id \
            WHERE u.id = $1 AND u.cleanup_at > 0 AND u.cleanup_at <= $2";
        query(sql, params![upload, now]).optional(&self.pool).await
    }

    /// The leftovers were cleared; look once more at `again`, when the latest put that could still be
    /// under way has ended, or never.
    pub async fn mark_cleaned(
        &self,
        id: UploadId,
        again: Option<Timestamp>,
    ) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE uploads SET cleanup_at = $1, cleaned_once = $2 WHERE id = $3";
        query(sql, params![again.map_or(0, Timestamp::as_microsecond), again.is_some(), id])
            .execute(&mut *write)
            .await?;
        let sql = "DELETE FROM segments WHERE upload_id = $1";
        query(sql, params![id]).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }
}

//! What is to be tidied up.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{number, optional, parsed};
use crate::model::{Digest, NodeId, UploadId};

/// What an ended upload may have left in stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLeftovers {
    /// The upload.
    pub upload: UploadId,
    /// The hash of the video it became, which stays.
    pub kept: Option<Digest>,
    /// Whether this is the second look, after the latest put that could have been under way.
    pub again: bool,
}

impl Database {
    /// Uploads that nobody but `node` holds and whose time is over, with their fences, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expired_uploads(
        &self,
        node: NodeId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UploadId, i64)>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, fence FROM uploads WHERE state IN ('open', 'finishing') \
             AND holder IN ('', $1) AND expires_at <= $2 ORDER BY expires_at LIMIT $3",
        )
        .bind(node.to_string())
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &AnyRow| Ok((parsed(row, "id")?, number(row, "fence")?));
        rows.iter().map(read).collect()
    }

    /// Ended uploads whose leftovers in stores are due to be cleared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn uploads_to_clean(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<UploadLeftovers>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT u.id, u.cleaned_once, COALESCE(v.sha256, '') AS kept FROM uploads u \
             LEFT JOIN videos v ON v.upload_id = u.id \
             WHERE u.cleanup_at > 0 AND u.cleanup_at <= $1 ORDER BY u.cleanup_at LIMIT $2",
        )
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(leftovers).collect()
    }

    /// What an upload that has just ended left, if it is due to be cleared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leftovers(
        &self,
        upload: UploadId,
        now: Timestamp,
    ) -> Result<Option<UploadLeftovers>, DatabaseError> {
        let row = sqlx::query(
            "SELECT u.id, u.cleaned_once, COALESCE(v.sha256, '') AS kept FROM uploads u \
             LEFT JOIN videos v ON v.upload_id = u.id \
             WHERE u.id = $1 AND u.cleanup_at > 0 AND u.cleanup_at <= $2",
        )
        .bind(upload.to_string())
        .bind(now.as_microsecond())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(leftovers).transpose()
    }

    /// The leftovers were cleared; look once more at `again`, when the latest put that could still be
    /// under way has ended, or never.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_cleaned(
        &self,
        id: UploadId,
        again: Option<Timestamp>,
    ) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE uploads SET cleanup_at = $1, cleaned_once = $2 WHERE id = $3")
            .bind(again.map_or(0, Timestamp::as_microsecond))
            .bind(i64::from(again.is_some()))
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        sqlx::query("DELETE FROM segments WHERE upload_id = $1")
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }
}

fn leftovers(row: &AnyRow) -> Result<UploadLeftovers, DatabaseError> {
    Ok(UploadLeftovers {
        upload: parsed(row, "id")?,
        kept: optional(row, "kept")?,
        again: number(row, "cleaned_once")? != 0,
    })
}

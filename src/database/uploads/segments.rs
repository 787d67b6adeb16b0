//! The segments of an open upload.

use sqlx::FromRow;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{Digest, Offset, UploadId};

use super::leases::Commit;

/// A durable piece of an open upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct SegmentRow {
    #[sqlx(rename = "starts_at")]
    pub start: Offset,
    /// Exclusive.
    #[sqlx(rename = "ends_at")]
    pub end: Offset,
    /// The fence under which it was written; part of its name.
    pub fence: i64,
    pub sha256: Digest,
}

impl Database {
    /// The segments of an upload, in order.
    pub async fn segments(&self, upload: UploadId) -> Result<Vec<SegmentRow>, DatabaseError> {
        let sql = "SELECT starts_at, ends_at, fence, sha256 FROM segments WHERE upload_id = $1 \
            ORDER BY starts_at";
        query(sql, params![upload]).all(&self.pool).await
    }

    /// Renames a segment to the fence under which the holder of the lease has put it again. Returns whether
    /// the caller is the holder.
    pub async fn rename_segment(
        &self,
        upload: UploadId,
        segment: &SegmentRow,
        fence: i64,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE segments SET fence = $1 WHERE upload_id = $2 AND starts_at = $3 \
            AND sha256 = $4 AND EXISTS (SELECT 1 FROM uploads WHERE id = $2 AND fence = $1)";
        let values = params![fence, upload, segment.start, segment.sha256];
        query(sql, values).changes_one(&self.pool).await
    }

    /// Takes back the acknowledgement of all bytes from `to` on, whose segments are lost, and releases
    /// the lease. Returns whether the caller held it.
    pub async fn roll_back(
        &self,
        upload: UploadId,
        fence: i64,
        to: Offset,
    ) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE uploads SET committed = $1, spooled_by = '', holder = '', \
            release_requested = 0, state = 'open' WHERE id = $2 AND fence = $3 \
            AND state IN ('open', 'finishing')";
        let is_holder = query(sql, params![to, upload, fence]).changes_one(&mut write).await?;
        if is_holder {
            let sql = "DELETE FROM segments WHERE upload_id = $1 AND starts_at >= $2";
            query(sql, params![upload, to]).execute(&mut write).await?;
            write.commit().await?;
        }
        Ok(is_holder)
    }

    pub(super) async fn add_segment(
        write: &mut Write,
        commit: &Commit,
        digest: Digest,
    ) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO segments (upload_id, starts_at, ends_at, fence, sha256) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (upload_id, starts_at) DO UPDATE \
            SET ends_at = excluded.ends_at, fence = excluded.fence, sha256 = excluded.sha256";
        query(sql, params![commit.upload, commit.from, commit.to, commit.fence, digest])
            .run(&mut *write)
            .await
    }
}

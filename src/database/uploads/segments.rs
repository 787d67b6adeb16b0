//! Which segments make up an open upload.

use sqlx::{Any, Transaction};

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{count, number, parsed, signed};
use crate::model::{Digest, Offset, UploadId};

use super::leases::Commit;

/// A durable piece of an open upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its first byte.
    pub start: Offset,
    /// The byte after its last.
    pub end: Offset,
    /// The fence under which it was written; part of its name.
    pub fence: i64,
    /// Its SHA-256.
    pub sha256: Digest,
}

impl Database {
    /// The segments of an upload, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn segments(&self, upload: UploadId) -> Result<Vec<SegmentRow>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT starts_at, ends_at, fence, sha256 FROM segments \
             WHERE upload_id = $1 ORDER BY starts_at",
        )
        .bind(upload.to_string())
        .fetch_all(&self.pool)
        .await?;
        let read = |row| {
            Ok(SegmentRow {
                start: Offset::new(count(row, "starts_at")?),
                end: Offset::new(count(row, "ends_at")?),
                fence: number(row, "fence")?,
                sha256: parsed(row, "sha256")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn add_segment(
        write: &mut Transaction<'static, Any>,
        commit: &Commit,
        digest: Digest,
    ) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO segments (upload_id, starts_at, ends_at, fence, sha256) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(commit.upload.to_string())
        .bind(signed(commit.from.get()))
        .bind(signed(commit.to.get()))
        .bind(commit.fence)
        .bind(digest.to_string())
        .execute(&mut **write)
        .await?;
        Ok(())
    }
}

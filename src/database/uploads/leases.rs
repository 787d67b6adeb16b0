//! The lease of an upload: who may write, and what of it counts.
//!
//! A lease is (holder, fence, wanted). Taking it raises the fence, so that whatever an older holder
//! still does no longer matches. Nothing here waits: waiting is the engine's.
//!
//! On SQLite taking a lease and letting it go is not flushed: the one process that could hold it ends
//! with the power, and a start frees every lease. Acknowledgements are flushed.

use jiff::Timestamp;
use sqlx::Row as _;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{number, parsed, signed};
use crate::model::{Digest, NodeId, Offset, UploadId};

/// One acknowledgement: from where to where, and in what.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// The upload.
    pub upload: UploadId,
    /// The lease's number.
    pub fence: i64,
    /// Where the last acknowledgement ended.
    pub from: Offset,
    /// Where this one ends.
    pub to: Offset,
    /// The hash of the segment that holds these bytes, when there is one.
    pub segment: Option<Digest>,
    /// The node whose spool has them all.
    pub node: NodeId,
    /// When the upload ends if nothing more comes.
    pub expires_at: Timestamp,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Acknowledged; the lease is free.
    Acknowledged,
    /// Somebody else holds the lease: these bytes do not count.
    Fenced,
}

impl Database {
    /// Takes the lease of an upload that is alive, if its fence is still the one seen. The new fence,
    /// or `None` when somebody was quicker. A `finishing` left behind by a dead node is open again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acquire_lease(
        &self,
        upload: UploadId,
        seen: i64,
        node: NodeId,
    ) -> Result<Option<i64>, DatabaseError> {
        let row = sqlx::query(
            "UPDATE uploads SET holder = $1, fence = fence + 1, release_requested = 0, state = 'open' \
             WHERE id = $2 AND fence = $3 AND state IN ('open', 'finishing') RETURNING fence",
        )
        .bind(node.to_string())
        .bind(upload.to_string())
        .bind(seen)
        .fetch_optional(&self.unflushed)
        .await?;
        Ok(row.map(|row| row.try_get("fence")).transpose()?)
    }

    /// Lets the lease go without having written anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_lease(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        sqlx::query(
            "UPDATE uploads SET holder = '', release_requested = 0, state = 'open' \
             WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')",
        )
        .bind(upload.to_string())
        .bind(fence)
        .execute(&self.unflushed)
        .await?;
        Ok(())
    }

    /// Acknowledges bytes and lets the lease go, in one step.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, DatabaseError> {
        let Some(digest) = commit.segment else {
            return self.advance(&self.pool, commit).await;
        };
        let mut write = self.write().await?;
        let committed = self.advance(&mut *write, commit).await?;
        if committed == CommitOutcome::Acknowledged {
            Self::add_segment(&mut write, commit, digest).await?;
            write.commit().await?;
        }
        Ok(committed)
    }

    async fn advance<'c>(
        &self,
        on: impl sqlx::Executor<'c, Database = sqlx::Any>,
        commit: &Commit,
    ) -> Result<CommitOutcome, DatabaseError> {
        let done = sqlx::query(
            "UPDATE uploads SET committed = $1, holder = '', release_requested = 0, state = 'open', \
             spooled_by = $2, expires_at = $3 \
             WHERE id = $4 AND committed = $5 AND fence = $6 AND state IN ('open', 'finishing')",
        )
        .bind(signed(commit.to.get()))
        .bind(commit.node.to_string())
        .bind(commit.expires_at.as_microsecond())
        .bind(commit.upload.to_string())
        .bind(signed(commit.from.get()))
        .bind(commit.fence)
        .execute(on)
        .await?;
        Ok(if done.rows_affected() == 1 {
            CommitOutcome::Acknowledged
        } else {
            CommitOutcome::Fenced
        })
    }

    /// Everything is in: from now on nobody interrupts, while this node lives. Again is harmless: the
    /// answer to the first time may have been lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_finishing(
        &self,
        upload: UploadId,
        fence: i64,
    ) -> Result<bool, DatabaseError> {
        let done = sqlx::query(
            "UPDATE uploads SET state = 'finishing' \
             WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')",
        )
        .bind(upload.to_string())
        .bind(fence)
        .execute(&self.unflushed)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Asks the holder on another node to let go.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_release(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        sqlx::query("UPDATE uploads SET release_requested = 1 WHERE id = $1 AND fence = $2")
            .bind(upload.to_string())
            .bind(fence)
            .execute(&self.unflushed)
            .await?;
        Ok(())
    }

    /// The uploads of which this node holds the lease and another node wants it, with their fences.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_requests(
        &self,
        node: NodeId,
    ) -> Result<Vec<(UploadId, i64)>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, fence FROM uploads WHERE holder = $1 AND release_requested = 1",
        )
        .bind(node.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((parsed(row, "id")?, number(row, "fence")?))).collect()
    }
}

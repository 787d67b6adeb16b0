//! The lease of an upload: who may write, and what of it counts.
//!
//! A lease is (holder, fence, wanted). Taking it raises the fence, so that whatever an older holder
//! still does no longer matches. Nothing here waits: waiting is the engine's.
//!
//! On SQLite taking a lease and letting it go is not flushed: the one process that could hold it ends
//! with the power, and a start frees every lease. Acknowledgements are flushed.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
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
    pub async fn acquire_lease(
        &self,
        upload: UploadId,
        seen: i64,
        node: NodeId,
    ) -> Result<Option<i64>, DatabaseError> {
        let sql = "UPDATE uploads \
            SET holder = $1, fence = fence + 1, release_requested = 0, state = 'open' \
            WHERE id = $2 AND fence = $3 AND state IN ('open', 'finishing') RETURNING fence";
        query(sql, params![node, upload, seen]).value(&self.unflushed).await
    }

    /// Lets the lease go without having written anything.
    pub async fn release_lease(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET holder = '', release_requested = 0, state = 'open' \
            WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// Acknowledges bytes and lets the lease go, in one step.
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
        let sql = "UPDATE uploads SET committed = $1, holder = '', release_requested = 0, \
            state = 'open', spooled_by = $2, expires_at = $3 \
            WHERE id = $4 AND committed = $5 AND fence = $6 AND state IN ('open', 'finishing')";
        let Commit { upload, fence, from, to, node, expires_at, .. } = commit;
        let advanced =
            query(sql, params![to, node, expires_at, upload, from, fence]).changes_one(on).await?;
        Ok(if advanced { CommitOutcome::Acknowledged } else { CommitOutcome::Fenced })
    }

    /// Everything is in: from now on nobody interrupts, while this node lives. Again is harmless: the
    /// answer to the first time may have been lost.
    pub async fn begin_finishing(
        &self,
        upload: UploadId,
        fence: i64,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE uploads SET state = 'finishing' \
            WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')";
        query(sql, params![upload, fence]).changes_one(&self.unflushed).await
    }

    /// Asks the holder on another node to let go.
    pub async fn request_release(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET release_requested = 1 WHERE id = $1 AND fence = $2";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// The uploads of which this node holds the lease and another node wants it, with their fences.
    pub async fn release_requests(
        &self,
        node: NodeId,
    ) -> Result<Vec<(UploadId, i64)>, DatabaseError> {
        let sql = "SELECT id, fence FROM uploads WHERE holder = $1 AND release_requested = 1";
        query(sql, params![node]).all(&self.pool).await
    }
}

//! The write lease of an upload.
//!
//! A lease consists of the holder, the fence and `release_requested` (1: by another node; 2: by another
//! node, if the writer is idle). Acquiring it raises the fence, so that the writes of an older holder no
//! longer match. Nothing here waits for a release; the module
//! `upload` does.
//!
//! On SQLite, acquiring and releasing a lease is not flushed: a power failure also ends the only process
//! that can hold it, and the next start releases its leases. Acknowledgements are flushed.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::connection::Target;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Digest, NodeId, Offset, UploadId};

/// An acknowledgement of received bytes.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    pub upload: UploadId,
    /// The fence of the caller's lease.
    pub fence: i64,
    /// The end of the last acknowledgement.
    pub from: Offset,
    /// The end of this one.
    pub to: Offset,
    /// The hash of the segment with these bytes, if there is one.
    pub segment: Option<Digest>,
    /// The node whose spool has every acknowledged byte.
    pub node: NodeId,
    /// When the upload expires if no more bytes arrive.
    pub expires_at: Timestamp,
    pub then: AfterCommit,
}

/// What happens to the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCommit {
    Release,
    /// The request goes on.
    Hold,
}

/// The outcome of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Acknowledged.
    Acknowledged,
    /// The lease has another holder; these bytes do not count.
    Fenced,
}

/// A lease of this node that another one has requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ReleaseRequest {
    #[sqlx(rename = "id")]
    pub upload: UploadId,
    pub fence: i64,
    /// Only if its writer has received nothing for a while.
    #[sqlx(try_from = "Stored<bool>")]
    pub if_idle: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleRelease {
    Released,
    /// The writer is receiving.
    Kept,
    Pending,
}

impl Database {
    /// Acquires the lease of a living upload if its fence is still `seen`. Returns the new fence, or
    /// `None` if another holder was faster. The state `finishing`, left by a dead node, becomes `open`
    /// again. The first holder may be the request that created the upload; each further one proves that
    /// a client knows the address.
    pub async fn acquire_lease(
        &self,
        upload: UploadId,
        seen: i64,
        node: NodeId,
    ) -> Result<Option<i64>, DatabaseError> {
        let sql = "UPDATE uploads \
            SET holder = $1, fence = fence + 1, release_requested = 0, state = 'open', \
            address_known = CASE WHEN fence = 0 THEN address_known ELSE 1 END \
            WHERE id = $2 AND fence = $3 AND state IN ('open', 'finishing') RETURNING fence";
        query(sql, params![node, upload, seen]).value(&self.unflushed).await
    }

    /// Releases the lease without an acknowledgement.
    pub async fn release_lease(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET holder = '', release_requested = 0, state = 'open' \
            WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// Acknowledges bytes and, at the end of a request, releases the lease in one step. It can be repeated
    /// under the same lease, also with a later end, if an answer was lost.
    pub async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, DatabaseError> {
        let Some(digest) = commit.segment else {
            return self.advance(&self.pool, commit).await;
        };
        let mut write = self.write().await?;
        let committed = self.advance(&mut write, commit).await?;
        if committed == CommitOutcome::Acknowledged {
            Self::add_segment(&mut write, commit, digest).await?;
            write.commit().await?;
        }
        Ok(committed)
    }

    async fn advance<'c>(
        &self,
        on: impl Into<Target<'c>>,
        commit: &Commit,
    ) -> Result<CommitOutcome, DatabaseError> {
        let sql = match commit.then {
            AfterCommit::Release => {
                "UPDATE uploads SET committed = $1, spooled_by = $2, expires_at = $3, \
                holder = '', release_requested = 0, state = 'open' WHERE id = $4 \
                AND committed BETWEEN $5 AND $1 AND fence = $6 AND state IN ('open', 'finishing')"
            }
            AfterCommit::Hold => {
                "UPDATE uploads SET committed = $1, spooled_by = $2, expires_at = $3 WHERE id = $4 \
                AND committed BETWEEN $5 AND $1 AND fence = $6 AND state = 'open'"
            }
        };
        let Commit { upload, fence, from, to, node, expires_at, .. } = commit;
        let advanced =
            query(sql, params![to, node, expires_at, upload, from, fence]).changes_one(on).await?;
        Ok(if advanced { CommitOutcome::Acknowledged } else { CommitOutcome::Fenced })
    }

    /// Records that all bytes have arrived. From now on the upload is not interrupted while this node
    /// lives. A repeated call is harmless: the result of the first one may have been lost.
    pub async fn begin_finishing(
        &self,
        upload: UploadId,
        fence: i64,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE uploads SET state = 'finishing' \
            WHERE id = $1 AND fence = $2 AND state IN ('open', 'finishing')";
        query(sql, params![upload, fence]).changes_one(&self.unflushed).await
    }

    /// Asks the holder on another node to release the lease.
    pub async fn request_release(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET release_requested = 1 WHERE id = $1 AND fence = $2";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// The uploads whose lease this node holds: id, fence, and whether no client knows the address yet. Uploads
    /// without a fence that were created after `recent` are excluded: their creating request is about to lock them.
    pub async fn leases(
        &self,
        node: NodeId,
        recent: Timestamp,
    ) -> Result<Vec<(UploadId, i64, bool)>, DatabaseError> {
        let sql = "SELECT id, fence, 1 - address_known AS is_unreachable FROM uploads \
            WHERE holder = $1 AND (fence > 0 OR created_at <= $2) AND state IN ('open', 'finishing')";
        let rows: Vec<(UploadId, i64, Stored<bool>)> =
            query(sql, params![node, recent]).all(&self.pool).await?;
        let parts = |(id, fence, Stored(is_unreachable))| (id, fence, is_unreachable);
        Ok(rows.into_iter().map(parts).collect())
    }

    /// Asks the holder on another node to release the lease if its writer has received nothing for a while.
    pub async fn request_release_if_idle(
        &self,
        upload: UploadId,
        fence: i64,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET release_requested = 2 \
            WHERE id = $1 AND fence = $2 AND holder <> '' AND release_requested = 0";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// The holder's answer to [`Self::request_release_if_idle`]: its writer is receiving.
    pub async fn keep_lease(&self, upload: UploadId, fence: i64) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET release_requested = 0 \
            WHERE id = $1 AND fence = $2 AND release_requested = 2";
        query(sql, params![upload, fence]).run(&self.unflushed).await
    }

    /// What has become of [`Self::request_release_if_idle`].
    pub async fn idle_release(
        &self,
        upload: UploadId,
        fence: i64,
    ) -> Result<IdleRelease, DatabaseError> {
        let sql = "SELECT release_requested FROM uploads \
            WHERE id = $1 AND fence = $2 AND holder <> ''";
        let requested: Option<i64> = query(sql, params![upload, fence]).value(&self.pool).await?;
        Ok(match requested {
            None => IdleRelease::Released,
            Some(0) => IdleRelease::Kept,
            Some(_) => IdleRelease::Pending,
        })
    }

    /// The uploads whose lease this node holds and another node has requested.
    pub async fn release_requests(
        &self,
        node: NodeId,
    ) -> Result<Vec<ReleaseRequest>, DatabaseError> {
        let sql = "SELECT id, fence, release_requested - 1 AS if_idle FROM uploads \
            WHERE holder = $1 AND release_requested > 0";
        query(sql, params![node]).all(&self.pool).await
    }
}

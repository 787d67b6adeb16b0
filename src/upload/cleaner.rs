//! The end of uploads: terminal states, expiry, and the removal of objects and spool files.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::database::UploadLeftovers;
use crate::model::{Refusal, UploadId, UploadState};
use crate::storage::VideoKey;

use super::dependencies::Dependencies;
use super::error::UploadError;
use super::locks::{UploadLocks, WriteLease};

/// After so many failures of the store a sweep leaves the rest to the next one: with a store that hangs, each
/// takes minutes.
const STORE_TRIES: u32 = 3;

/// The counts of one sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that expired.
    pub expired: u64,
    /// Ended uploads whose stored objects and spool files were removed.
    pub cleared: u64,
    /// Spool files of uploads that ended on other nodes.
    pub spool_files: u64,
    /// Rows of uploads that ended long ago.
    pub purged: u64,
}

impl Swept {
    /// Whether more may be due, because a batch was full.
    fn is_full(&self, batch: u32) -> bool {
        [self.expired, self.cleared, self.purged].iter().any(|count| *count >= u64::from(batch))
    }
}

/// Ends uploads and removes what they leave in the spool and in shared storage.
pub(super) struct Cleaner {
    pub(super) deps: Arc<Dependencies>,
    pub(super) locks: Arc<UploadLocks>,
}

impl Cleaner {
    /// Ends an upload under its lease.
    pub(super) async fn end(
        self: &Arc<Self>,
        lease: &WriteLease,
        state: UploadState,
        refusal: Option<&Refusal>,
    ) -> Result<(), UploadError> {
        let (id, now) = (lease.row.id, self.deps.clock.now());
        let ended = self.deps.database.end_upload(id, lease.fence, state, refusal, now).await?;
        self.complete_end(lease, state, ended)
    }

    /// Handles the result of the statement that ends an upload: `false` means that the lease was lost.
    pub(super) fn complete_end(
        self: &Arc<Self>,
        lease: &WriteLease,
        state: UploadState,
        ended: bool,
    ) -> Result<(), UploadError> {
        if !ended {
            return Err(UploadError::TakenOver);
        }
        self.ended(lease.row.id, state);
        Ok(())
    }

    /// Counts an upload that has ended, and removes what it left.
    pub(super) fn ended(self: &Arc<Self>, id: UploadId, state: UploadState) {
        let state = state.as_str();
        metrics::counter!("forte_media_uploads_finished_total", "state" => state).increment(1);
        self.clear_in_background(id);
    }

    /// Removes what an ended upload left, once the response is on its way.
    pub(super) fn clear_in_background(self: &Arc<Self>, id: UploadId) {
        let cleaner = Arc::clone(self);
        self.deps.tasks.spawn(async move {
            if let Err(error) = cleaner.clear_if_due(id).await {
                tracing::warn!(upload = %id, %error, "upload not cleared; the next sweep retries");
            }
        });
    }

    /// Sweeps at intervals, until `stop`.
    pub(super) async fn run_sweeps(&self, stop: CancellationToken) {
        let batch = self.deps.config.sweep_batch;
        while !stop.is_cancelled() {
            let mut is_full = false;
            match stop.run_until_cancelled(Box::pin(self.sweep())).await {
                None => return,
                Some(Ok(swept)) if swept == Swept::default() => {}
                Some(Ok(swept)) => {
                    let Swept { expired, cleared, spool_files, purged } = swept;
                    tracing::info!(expired, cleared, spool_files, purged, "swept");
                    is_full = swept.is_full(batch);
                }
                Some(Err(error)) => tracing::warn!(%error, "sweep failed; the next one continues"),
            }
            if is_full {
                continue;
            }
            let pause = sleep(self.deps.config.sweep_every.unsigned_abs());
            let _stopped = stop.run_until_cancelled(pause).await;
        }
    }

    /// One sweep. Can be interrupted anywhere and repeated.
    pub(super) async fn sweep(&self) -> Result<Swept, UploadError> {
        self.locks.release_leases_without_lock().await?;
        let expired = self.expire().await?;
        let cleared = self.clear_due().await?;
        let spool_files = self.remove_stale_spool_files().await?;
        let purged = self.purge().await?;
        let counts = [
            ("expired", expired),
            ("cleared", cleared),
            ("spool_file", spool_files),
            ("purged", purged),
        ];
        for (outcome, count) in counts {
            metrics::counter!("forte_media_sweeps_total", "outcome" => outcome).increment(count);
        }
        Ok(Swept { expired, cleared, spool_files, purged })
    }

    async fn purge(&self) -> Result<u64, UploadError> {
        let Dependencies { clock, config, database, .. } = &*self.deps;
        let kept = config.keep_ended.max(config.refusals_kept);
        Ok(database.purge_uploads(clock.now() - kept, config.sweep_batch).await?)
    }

    async fn expire(&self) -> Result<u64, UploadError> {
        let mut expired = 0;
        let Dependencies { clock, config, database, .. } = &*self.deps;
        let (now, state) = (clock.now(), UploadState::Expired);
        let due = database.expired_uploads(self.locks.node, now, config.sweep_batch).await?;
        for (id, fence) in due {
            // A lease in this node's name without a lock was left behind by a request that failed.
            if self.locks.is_locked(id) {
                continue;
            }
            // The fence makes the update fail if a client has just resumed the upload.
            expired += u64::from(database.end_upload(id, fence, state, None, now).await?);
        }
        Ok(expired)
    }

    async fn clear_due(&self) -> Result<u64, UploadError> {
        let Dependencies { clock, config, database, .. } = &*self.deps;
        let (mut cleared, mut unavailable) = (0, 0);
        for leftovers in database.uploads_to_clean(clock.now(), config.sweep_batch).await? {
            if unavailable == STORE_TRIES {
                break;
            }
            match self.clear(leftovers).await {
                Ok(()) => cleared += 1,
                // Each of the others would wait in vain.
                Err(error @ UploadError::Unavailable("database", _)) => return Err(error),
                // Any other failure must not stop the others.
                Err(error) => {
                    tracing::warn!(upload = %leftovers.upload, %error, "upload not cleared");
                    unavailable += u32::from(matches!(error, UploadError::Unavailable(..)));
                }
            }
        }
        Ok(cleared)
    }

    async fn clear_if_due(&self, id: UploadId) -> Result<(), UploadError> {
        match self.deps.database.leftovers(id, self.deps.clock.now()).await? {
            Some(leftovers) => self.clear(leftovers).await,
            None => Ok(()),
        }
    }

    async fn clear(&self, leftovers: UploadLeftovers) -> Result<(), UploadError> {
        let upload = leftovers.upload;
        self.deps.spool.remove(upload)?;
        let kept = leftovers.kept.map(|sha256| VideoKey { upload, sha256 });
        self.deps.store.clear(upload, kept.as_ref()).await?;
        let again = (!leftovers.again).then(|| self.clear_again_at(&leftovers));
        Ok(self.deps.database.mark_cleaned(upload, again).await?)
    }

    /// When the second cleanup is due: when no other node can still be writing, and the upload would have
    /// expired.
    fn clear_again_at(&self, leftovers: &UploadLeftovers) -> Timestamp {
        let written = self.deps.clock.now().saturating_add(self.deps.config.clear_again_after);
        written.unwrap_or(Timestamp::MAX).max(leftovers.expires_at)
    }

    /// Removes spool files of uploads that have ended, perhaps on another node.
    async fn remove_stale_spool_files(&self) -> Result<u64, UploadError> {
        let mut removed = 0;
        for id in self.deps.spool.uploads()? {
            let row = self.deps.database.upload(id).await?;
            let is_alive = row.is_some_and(|row| row.state.is_alive());
            if !is_alive && !self.locks.is_locked(id) {
                self.deps.spool.remove(id)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

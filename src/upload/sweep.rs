//! What has run out of time ends; what has ended leaves nothing behind.

use tokio_util::sync::CancellationToken;

use crate::database::UploadLeftovers;
use crate::model::{UploadId, UploadState};
use crate::storage::VideoKey;

use super::{UploadError, UploadService, rest};

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// UploadService whose time was over.
    pub expired: u64,
    /// Ended uploads whose remains were cleared.
    pub cleared: u64,
    /// Spool files of uploads that live no more.
    pub spool_files: u64,
}

impl UploadService {
    /// Sweeps now and then, until told to stop.
    pub async fn run_sweeps(self, stop: CancellationToken) {
        loop {
            match self.sweep().await {
                Ok(swept) if swept == Swept::default() => {}
                Ok(swept) => tracing::info!(?swept, "swept"),
                Err(error) => tracing::warn!(%error, "the sweep goes on later"),
            }
            rest(self.config.sweep_every, &stop).await;
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// One sweep. Can be cut anywhere and begun again (F29).
    ///
    /// # Errors
    /// When database or store are away; what was done stays done.
    pub async fn sweep(&self) -> Result<Swept, UploadError> {
        let swept = Swept {
            expired: self.expire().await?,
            cleared: self.clear_remains().await?,
            spool_files: self.tidy_spool().await?,
        };
        for (outcome, found) in [
            ("expired", swept.expired),
            ("cleared", swept.cleared),
            ("spool_file", swept.spool_files),
        ] {
            metrics::counter!("forte_media_sweeps_total", "outcome" => outcome).increment(found);
        }
        Ok(swept)
    }

    async fn expire(&self) -> Result<u64, UploadError> {
        let mut expired = 0;
        let now = self.clock.now();
        let (node, batch) = (self.0.node, self.config.sweep_batch);
        for (id, fence) in self.database.expired_uploads(node, now, batch).await? {
            // A lease in our name at which nobody sits was left behind by a request that failed.
            if self.0.desk.is_taken(id) {
                continue;
            }
            // The fence says whether somebody came back at the last moment (F30).
            let state = UploadState::Expired;
            expired += u64::from(self.database.end_upload(id, fence, state, None, now).await?);
        }
        Ok(expired)
    }

    async fn clear_remains(&self) -> Result<u64, UploadError> {
        let due = self.database.uploads_to_clean(self.clock.now(), self.config.sweep_batch).await?;
        let mut cleared = 0;
        for remains in due {
            // One that cannot be cleared now must not keep the others waiting.
            match self.clear_remains_of(remains).await {
                Ok(()) => cleared += 1,
                Err(error) => {
                    tracing::warn!(upload = %remains.upload, %error, "cleared by a later sweep");
                }
            }
        }
        Ok(cleared)
    }

    /// Clears what an ended upload left, if it is due.
    pub(super) async fn clear(&self, id: UploadId) -> Result<(), UploadError> {
        match self.database.leftovers(id, self.clock.now()).await? {
            Some(remains) => self.clear_remains_of(remains).await,
            None => Ok(()),
        }
    }

    async fn clear_remains_of(&self, remains: UploadLeftovers) -> Result<(), UploadError> {
        let upload = remains.upload;
        self.spool.remove(upload)?;
        let kept = remains.kept.map(|sha256| VideoKey { upload, sha256 });
        self.store.clear(upload, kept.as_ref()).await?;
        // A put that was under way on another node may still land: look once more, later.
        let again = (self.0.segmented && !remains.again).then(|| self.clear_again_at());
        Ok(self.database.mark_cleaned(upload, again).await?)
    }

    /// Another node may have finished, refused or expired what this node has begun.
    async fn tidy_spool(&self) -> Result<u64, UploadError> {
        let mut removed = 0;
        for id in self.spool.uploads()? {
            let row = self.database.upload(id).await?;
            let lives = row.is_some_and(|row| row.state.is_alive());
            if !lives && !self.0.desk.is_taken(id) {
                self.spool.remove(id)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

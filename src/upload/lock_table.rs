//! The locks of the uploads that this process works on. They exclude the requests of one node; the lease
//! in the database excludes other nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::model::{Offset, UploadId};

#[derive(Clone, Default)]
pub(super) struct LockTable(Arc<Mutex<HashMap<UploadId, Entry>>>);

struct Entry {
    release_requested: CancellationToken,
    released: CancellationToken,
    /// Whether a request waits for this lock. Further ones are rejected.
    has_waiter: bool,
    progress: Progress,
}

/// How far the holder of a lock has got in its file.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Option<Reached>>>);

#[derive(Clone, Copy)]
struct Reached {
    position: Offset,
    at: Timestamp,
}

impl Progress {
    pub(super) fn advance_to(&self, position: Offset, now: Timestamp) {
        *self.reached() = Some(Reached { position, at: now });
    }

    fn reached(&self) -> MutexGuard<'_, Option<Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock of one upload in this process. Released on drop.
pub(super) struct LockGuard {
    table: LockTable,
    upload: UploadId,
    /// Cancelled when another request wants the lock.
    pub(super) release_requested: CancellationToken,
    /// Whether another request held the lock until now: a row that was read before is stale.
    pub(super) waited: bool,
    pub(super) progress: Progress,
}

impl LockTable {
    /// Takes the lock, asking its holder to release it. `None` when that took longer than `wait`, or
    /// when another request waits already.
    pub(super) async fn lock(&self, upload: UploadId, wait: Duration) -> Option<LockGuard> {
        let deadline = Instant::now() + wait;
        let mut waited = false;
        loop {
            let released = match self.lock_or_request(upload, waited) {
                Ok(guard) => return Some(guard),
                Err(released) => released?,
            };
            waited = true;
            if timeout_at(deadline, released.cancelled()).await.is_err() {
                if let Some(entry) = self.entries().get_mut(&upload) {
                    entry.has_waiter = false;
                }
                return None;
            }
        }
    }

    /// Asks the holder of a lock to release it; `false` when it is not locked.
    pub(super) fn request_release(&self, upload: UploadId) -> bool {
        let entries = self.entries();
        let entry = entries.get(&upload);
        entry.inspect(|entry| entry.release_requested.cancel()).is_some()
    }

    pub(super) fn request_release_of_all(&self) {
        for entry in self.entries().values() {
            entry.release_requested.cancel();
        }
    }

    /// Whether the holder of the lock has received the byte at this offset already.
    pub(super) fn has_passed(&self, upload: UploadId, offset: Offset) -> bool {
        self.reached(upload).is_some_and(|reached| reached.position > offset)
    }

    /// When the holder of the lock last received bytes. `None` if it is not locked for writing.
    pub(super) fn active_at(&self, upload: UploadId) -> Option<Timestamp> {
        self.reached(upload).map(|reached| reached.at)
    }

    fn reached(&self, upload: UploadId) -> Option<Reached> {
        *self.entries().get(&upload)?.progress.reached()
    }

    pub(super) fn is_locked(&self, upload: UploadId) -> bool {
        self.entries().contains_key(&upload)
    }

    /// The lock, or the token that its holder cancels on release (`None`: another request waits).
    fn lock_or_request(
        &self,
        upload: UploadId,
        waited: bool,
    ) -> Result<LockGuard, Option<CancellationToken>> {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&upload) {
            if entry.has_waiter && !waited {
                return Err(None);
            }
            entry.has_waiter = true;
            entry.release_requested.cancel();
            return Err(Some(entry.released.clone()));
        }
        let (release_requested, progress) = (CancellationToken::new(), Progress::default());
        let entry = Entry {
            release_requested: release_requested.clone(),
            released: CancellationToken::new(),
            has_waiter: false,
            progress: progress.clone(),
        };
        entries.insert(upload, entry);
        metrics::gauge!("forte_media_uploads_active").increment(1.0);
        Ok(LockGuard { table: self.clone(), upload, release_requested, waited, progress })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<UploadId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        metrics::gauge!("forte_media_uploads_active").decrement(1.0);
        if let Some(entry) = self.table.entries().remove(&self.upload) {
            entry.released.cancel();
        }
    }
}

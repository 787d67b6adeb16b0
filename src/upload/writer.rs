//! The writer of one upload: its spool file, its scan state, and the receive loop. `acknowledge` flushes the
//! received bytes (`flush`), then commits the new offset in the database (`commit`).

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::database::{AfterCommit, Commit, CommitOutcome, ContentId};
use crate::inspect::{self, Inspection};
use crate::model::{Digest, Length, Offset, Refusal, UploadState};
use crate::storage::{SegmentKey, SpoolFile, StorageError};

use super::acknowledgements::{EARLY_LIMIT, Schedule};
use super::body::{BodyEnd, BodyReader};
use super::checksum::{Checksum, RunningChecksum};
use super::cleaner::Cleaner;
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::lock_table::Progress;
use super::locks::{UploadLocks, WriteLease};
use super::refusal_cache::{Declaration, HeadCheck, RefusalCache, concerns_file};
use super::restore::{Restored, hash_range, restore};
use super::scan::{ScanCache, ScanState};

/// The state that all writers of this node share.
pub(super) struct Writers {
    pub(super) deps: Arc<Dependencies>,
    pub(super) readers: Arc<Semaphore>,
    pub(super) cache: ScanCache,
    pub(super) locks: Arc<UploadLocks>,
    pub(super) cleaner: Arc<Cleaner>,
    pub(super) refusals: Arc<RefusalCache>,
}

/// Writes to the spool file of one upload, and hashes and scans what it writes.
pub(super) struct UploadWriter {
    shared: Arc<Writers>,
    pub(super) file: SpoolFile,
    pub(super) scan: ScanState,
    head_check: HeadCheck,
    declaration: Option<Declaration>,
    progress: Progress,
    /// The end of the last commit that was tried. It may have taken effect although its answer was lost.
    tried: Offset,
}

impl Writers {
    /// Opens the writer of an upload: from the cache and the spool if no other node has written since,
    /// otherwise from the segments. Releases the lease on failure.
    pub(super) async fn open_writer(
        self: &Arc<Self>,
        lease: &WriteLease,
        declaration: Option<Declaration>,
    ) -> Result<UploadWriter, UploadError> {
        let (file, scan) = match self.open_file_and_scan(lease).await {
            Ok(opened) => opened,
            Err(error) => {
                self.locks.release(lease).await;
                return Err(error);
            }
        };
        let (head_check, progress) = (HeadCheck::new(&lease.row), lease.guard.progress.clone());
        progress.advance_to(scan.position(), self.deps.clock.now());
        let (shared, tried) = (Arc::clone(self), lease.committed());
        Ok(UploadWriter { shared, file, scan, head_check, declaration, progress, tried })
    }

    async fn open_file_and_scan(
        &self,
        lease: &WriteLease,
    ) -> Result<(SpoolFile, ScanState), UploadError> {
        let row = &lease.row;
        let file = match self.open_spool_file(lease).await {
            Ok(Restored::Complete(file)) => file,
            Ok(Restored::LostFrom(offset)) => return Err(self.roll_back(lease, offset).await?),
            Err(error) if error.is_loss() => return Err(self.end_lost(lease, &error).await?),
            Err(error) => return Err(error.into()),
        };
        if let Some(scan) = self.cache.take(row.id, row.fence, lease.committed()) {
            return Ok((file, scan));
        }
        self.deps.faults.pass("upload.replay.before")?;
        let mut scan = ScanState::new(&self.deps.rules, row.length, self.deps.clock.now());
        scan.replay(&file, &self.readers).await?;
        Ok((file, scan))
    }

    async fn open_spool_file(&self, lease: &WriteLease) -> Result<Restored, StorageError> {
        let (row, length) = (&lease.row, lease.committed());
        if length == Offset::START {
            return self.deps.spool.create(row.id).map(Restored::Complete);
        }
        // The id of the folder is recorded only for bytes that were flushed to it.
        if row.spooled_by == Some(self.locks.node) || row.spooled_by == Some(self.deps.spool.id()) {
            match self.deps.spool.reopen(row.id, length).await {
                Err(error) if error.is_loss() && self.deps.is_segmented() => {}
                reopened => return reopened.map(Restored::Complete),
            }
        }
        restore(&self.deps, lease).await
    }

    /// Takes back the acknowledgement of bytes that the store has lost: the phone continues from the end
    /// of the last good segment. Returns the error for the client.
    async fn roll_back(&self, lease: &WriteLease, to: Offset) -> Result<UploadError, UploadError> {
        let lost = lease.row.committed.get().saturating_sub(to.get());
        metrics::counter!("forte_media_bytes_lost_total").increment(lost);
        tracing::error!(upload = %lease.row.id, offset = to.get(), lost, "upload rolled back");
        let rolled_back = self.deps.database.roll_back(lease.row.id, lease.fence, to).await?;
        Ok(if rolled_back { UploadError::Conflict(to) } else { UploadError::TakenOver })
    }

    /// Ends an upload whose spool file is lost: nothing else has its bytes.
    async fn end_lost(
        &self,
        lease: &WriteLease,
        error: &StorageError,
    ) -> Result<UploadError, UploadError> {
        tracing::error!(upload = %lease.row.id, %error, "acknowledged bytes are lost");
        metrics::counter!("forte_media_bytes_lost_total").increment(lease.row.committed.get());
        self.cleaner.end(lease, UploadState::Lost, None).await?;
        Ok(UploadError::NotFound)
    }
}

impl UploadWriter {
    /// The position of the next byte in the file.
    pub(super) fn position(&self) -> Offset {
        self.scan.position()
    }

    /// The position of the last byte. Until its video is stored, an upload shows at most this offset,
    /// because clients take offset = length for success.
    pub(super) fn last_byte(&self) -> Offset {
        Offset::new(self.position().get().saturating_sub(1))
    }

    pub(super) fn sha256(&self) -> Digest {
        self.scan.digests.sha256()
    }

    /// Ends the file at the current position.
    pub(super) async fn set_length(&mut self) -> Result<Length, StorageError> {
        let length = Length::new(self.position().get());
        self.scan.set_length(length, &self.file, &self.shared.readers).await?;
        Ok(length)
    }

    /// Writes a body to the spool until it ends in any way. Nothing is durable then, except what
    /// `schedule` made so. After an error the bytes that cannot have been acknowledged are removed at once,
    /// because the disk may be full.
    pub(super) async fn receive(
        &mut self,
        lease: &mut WriteLease,
        body: &mut BodyReader,
        checksum: Option<Checksum>,
        schedule: Option<Schedule>,
    ) -> Result<BodyEnd, UploadError> {
        let received = match checksum {
            None => self.receive_unverified(lease, body, schedule).await,
            Some(checksum) => self.receive_verified(body, checksum).await.map_err(Into::into),
        };
        if received.is_err()
            && let Err(error) = self.file.truncate(lease.committed().max(self.tried)).await
        {
            tracing::warn!(%error, "spool file not truncated");
        }
        received
    }

    async fn receive_unverified(
        &mut self,
        lease: &mut WriteLease,
        body: &mut BodyReader,
        mut schedule: Option<Schedule>,
    ) -> Result<BodyEnd, UploadError> {
        loop {
            let unacknowledged = self.position().get().saturating_sub(lease.committed().get());
            let due = schedule.as_ref().and_then(|schedule| schedule.due_at(unacknowledged));
            match (body.next(due).await, &mut schedule) {
                (Err(end), _) => return Ok(end),
                (Ok(Some(chunk)), _) => {
                    self.append(chunk).await?;
                    if self.is_refused().await {
                        return Ok(BodyEnd::Refused);
                    }
                }
                // Boxed: the future of a put is big, and must not be held while a body arrives.
                (Ok(None), Some(schedule)) => {
                    Box::pin(self.acknowledge_early(lease, schedule)).await?;
                    body.restart_clocks();
                }
                (Ok(None), None) => {}
            }
        }
    }

    /// Acknowledges what has arrived while the request goes on. It also goes on if that fails for now.
    async fn acknowledge_early(
        &mut self,
        lease: &mut WriteLease,
        schedule: &mut Schedule,
    ) -> Result<(), UploadError> {
        let (id, to) = (lease.row.id, self.position());
        match timeout(EARLY_LIMIT, self.commit(lease, to, AfterCommit::Hold)).await {
            Ok(Ok(expires_at)) => {
                (lease.row.committed, lease.row.expires_at) = (to, expires_at);
                schedule.restart();
                return Ok(());
            }
            Ok(Err(error @ UploadError::Unavailable(..))) => {
                tracing::debug!(upload = %id, %error, "not acknowledged yet");
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => tracing::debug!(upload = %id, "not acknowledged yet: no answer in time"),
        }
        schedule.postpone();
        Ok(())
    }

    /// Receives a body that is kept only if it matches its checksum. A body that seems to be a bad video
    /// may be damaged in transit, so the checksum is verified first.
    async fn receive_verified(
        &mut self,
        body: &mut BodyReader,
        checksum: Checksum,
    ) -> Result<BodyEnd, StorageError> {
        let before = self.scan.clone();
        let mut running = RunningChecksum::new(checksum.algorithm);
        let end = loop {
            match body.next(None).await {
                Err(end) => break end,
                Ok(chunk) => {
                    let chunk = chunk.unwrap_or_default();
                    running.update(&chunk);
                    self.append(chunk).await?;
                }
            }
        };
        if end == BodyEnd::Complete && running.matches(&checksum.expected) {
            return Ok(if self.is_refused().await { BodyEnd::Refused } else { end });
        }
        self.scan = before;
        Ok(match end {
            BodyEnd::ReleaseRequested | BodyEnd::Cut => end,
            _ => BodyEnd::ChecksumMismatch,
        })
    }

    async fn append(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        metrics::counter!("forte_media_bytes_received_total").increment(chunk.len() as u64);
        self.file.append(std::slice::from_ref(&chunk)).await?;
        self.scan.push(&chunk, &self.file, &self.shared.readers).await?;
        self.progress.advance_to(self.position(), self.shared.deps.clock.now());
        Ok(())
    }

    async fn is_refused(&mut self) -> bool {
        if self.scan.scanner.refusal().is_some() {
            return true;
        }
        self.head_check.look_up(self.scan.head.digest, &self.shared.refusals).await
    }

    /// Ends the upload because its bytes are refused. Returns the error for the client.
    pub(super) async fn end_refused(&mut self, lease: &WriteLease) -> UploadError {
        let refusals = &self.shared.refusals;
        if let Some(refusal) = self.head_check.take_refusal() {
            return refusals.end_refused_before(lease, refusal).await;
        }
        match self.scan.scanner.refusal().cloned() {
            Some(refusal) => {
                let id = self.content_id(lease, &refusal);
                refusals.end_refused(lease, refusal, id).await
            }
            None => UploadError::Internal("refusal without a finding".into()),
        }
    }

    /// The verdict on the complete file, including whether it has the declared hash. Ends the upload if
    /// it is refused.
    pub(super) async fn inspect(&mut self, lease: &WriteLease) -> Result<Inspection, UploadError> {
        let declared = self.declared(lease).and_then(|declaration| declaration.sha256);
        let sha256 = self.sha256();
        let inspected = self.scan.finish().and_then(|inspection| match declared {
            Some(declared) if declared != sha256 => {
                Err(inspect::digest_mismatch(declared, sha256, inspection.facts.length))
            }
            _ => Ok(inspection),
        });
        match inspected {
            Ok(inspection) => Ok(inspection),
            Err(refusal) => {
                let id = self.content_id(lease, &refusal);
                Err(self.shared.refusals.end_refused(lease, refusal, id).await)
            }
        }
    }

    fn declared(&self, lease: &WriteLease) -> Option<Declaration> {
        lease.row.details.as_ref().map(Declaration::from).or(self.declaration)
    }

    /// The key under which a refusal of these bytes is remembered; `None` if the refusal may not hold
    /// for the file itself.
    fn content_id(&self, lease: &WriteLease, refusal: &Refusal) -> Option<ContentId> {
        let Declaration { ref_key, sha256: declared } = self.declared(lease)?;
        let (sha256, length) = (self.sha256(), lease.row.length);
        let is_declared = declared == Some(sha256);
        let reaches_end = length.is_some_and(|length| self.position().reaches(length));
        let is_whole = is_declared || reaches_end;
        let is_another_file = is_whole && declared.is_some_and(|declared| declared != sha256);
        if is_another_file || !(is_declared || concerns_file(refusal)) {
            return None;
        }
        // The declared hash is unverified until the file is complete.
        let declared = is_whole.then_some(sha256);
        Some(ContentId { ref_key, length, declared, head: self.scan.head.digest })
    }

    /// Makes everything up to `to` durable, acknowledges it, and releases the lease. Returns the new
    /// expiry of the upload.
    pub(super) async fn acknowledge(
        &mut self,
        lease: &WriteLease,
        to: Offset,
    ) -> Result<Timestamp, UploadError> {
        let is_new = to != lease.committed();
        let acknowledged = if is_new {
            self.commit(lease, to, AfterCommit::Release).await
        } else {
            Ok(lease.row.expires_at)
        };
        if acknowledged.is_err() || !is_new {
            self.shared.locks.release(lease).await;
        }
        let expires_at = acknowledged?;
        if to == self.position() {
            self.shared.cache.insert(lease.row.id, lease.fence, self.scan.clone());
        }
        Ok(expires_at)
    }

    async fn commit(
        &mut self,
        lease: &WriteLease,
        to: Offset,
        then: AfterCommit,
    ) -> Result<Timestamp, UploadError> {
        let shared = Arc::clone(&self.shared);
        let (row, from) = (&lease.row, lease.committed());
        let segment = self.flush(lease, to).await?;
        shared.deps.faults.pass("upload.commit.before")?;
        let expires_at = shared.deps.config.expires_at(row.created_at, shared.deps.clock.now());
        let (upload, fence, node) = (row.id, lease.fence, shared.locks.node);
        let commit = Commit { upload, fence, from, to, segment, node, expires_at, then };
        // After an error it is unknown whether the commit took effect. The next one under this lease
        // matches in both cases; the next request reads the offset.
        self.tried = self.tried.max(to);
        if shared.deps.database.commit(&commit).await? == CommitOutcome::Fenced {
            return Err(UploadError::TakenOver);
        }
        shared.deps.pass_answer("upload.commit.answer")?;
        metrics::counter!("forte_media_bytes_acknowledged_total").increment(to.get() - from.get());
        shared.deps.faults.pass("upload.commit.after")?;
        Ok(expires_at)
    }

    /// Makes bytes durable: one segment in shared storage, or an fsync of the spool file.
    async fn flush(
        &mut self,
        lease: &WriteLease,
        end: Offset,
    ) -> Result<Option<Digest>, StorageError> {
        if !self.shared.deps.is_segmented() {
            self.file.sync().await?;
            return Ok(None);
        }
        let (start, fence) = (lease.committed(), lease.fence.unsigned_abs());
        let key = SegmentKey { upload: lease.row.id, start, end, fence };
        let digest = self.hash(start, end).await?;
        self.shared.deps.store.put_segment(&key, self.file.path(), digest).await?;
        Ok(Some(digest))
    }

    /// The hash of a segment. The running digest covers the whole file, so it serves only a segment that
    /// is all of it.
    async fn hash(&self, from: Offset, to: Offset) -> Result<Digest, StorageError> {
        if from == Offset::START && to == self.position() {
            return Ok(self.sha256());
        }
        hash_range(&self.file, from, to).await
    }
}

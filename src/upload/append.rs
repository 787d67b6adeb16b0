//! A piece of an upload arrives.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::database::{Commit, CommitOutcome};
use crate::model::{Digest, Offset, Refusal, UploadId, UploadState};
use crate::storage::{SegmentKey, StorageError};

use super::bench::Bench;
use super::checksum::{Checksum, Running};
use super::guard;
use super::lease::WriteLease;
use super::pump::{End, Pumping};
use super::{Access, Body, Stored, UploadError, UploadService};

/// How much is read at a time when a segment is hashed.
const HASHED_PIECE: u64 = 1024 * 1024;

/// A piece to be appended.
pub struct Append {
    /// To which upload.
    pub id: UploadId,
    /// By what right.
    pub access: Access,
    /// Where it goes: must be where the upload ends.
    pub offset: Offset,
    /// How many bytes it announces, when it does.
    pub announced: Option<u64>,
    /// What it must hash to.
    pub checksum: Option<Checksum>,
    /// The bytes.
    pub body: Body,
}

/// What became of a piece.
#[derive(Debug)]
pub enum Appended {
    /// It is durable and acknowledged.
    Progress {
        /// Where the next byte goes.
        offset: Offset,
        /// When the upload ends if nothing more comes.
        expires_at: Timestamp,
    },
    /// It was the last one: the video is stored and submitted.
    Stored(Stored),
}

impl UploadService {
    /// Appends a piece. Runs in a task of its own: when the client vanishes, what arrived is still
    /// made durable and counted.
    ///
    /// # Errors
    /// As [`UploadError`] says; bytes that were acknowledged stay acknowledged.
    pub async fn append(&self, append: Append) -> Result<Appended, UploadError> {
        let engine = self.clone();
        let task = self.tasks.spawn(async move { Box::pin(engine.append_here(append)).await });
        task.await.unwrap_or_else(|panic| Err(UploadError::Internal(Box::new(panic))))
    }

    async fn append_here(&self, append: Append) -> Result<Appended, UploadError> {
        let (seat, row) = self.approach(append.id, &append.access).await?;
        match row.state {
            UploadState::Open | UploadState::Finishing => {}
            UploadState::Stored => return Err(UploadError::Conflict(row.committed)),
            state => return Err(UploadError::Gone { state, refusal: row.refusal.map(Box::new) }),
        }
        if append.offset != row.committed {
            return Err(UploadError::Conflict(row.committed));
        }
        let max = row.length.unwrap_or(self.config.max_length).get();
        let room = max.saturating_sub(row.committed.get());
        if append.announced.is_some_and(|announced| announced > room) {
            return Err(UploadError::TooLong { max });
        }
        let lease = self.take(seat, row).await?;
        let bench = match self.lay_out(&lease).await {
            Ok(bench) => bench,
            Err(error) => return self.leave(&lease, error).await,
        };
        self.write(lease, bench, room, append).await
    }

    async fn write(
        &self,
        lease: WriteLease,
        mut bench: Bench,
        room: u64,
        mut append: Append,
    ) -> Result<Appended, UploadError> {
        let before = append.checksum.as_ref().map(|_| bench.warm.clone());
        let mut running = append.checksum.as_ref().map(|checksum| Running::new(checksum.algorithm));
        let let_go = lease.seat.let_go().clone();
        let pumping = Pumping { room, let_go: &let_go, checksum: running.as_mut() };
        let mut end = match self.pump(&mut append.body, &mut bench, pumping).await {
            Ok(end) => end,
            Err(error) => {
                self.give_room_back(&lease, &mut bench).await;
                return self.leave(&lease, error.into()).await;
            }
        };
        // Whoever sends it may stop now: nobody reads on.
        drop(append.body);
        if let (Some(checksum), Some(running), Some(before)) = (append.checksum, running, before) {
            if end != End::Whole || !running.matches(&checksum.expected) {
                bench.warm = before;
                return self.drop_unverified(lease, bench, end).await;
            }
            if self.is_refused(&mut bench).await {
                end = End::Refused;
            }
        }
        // Boxed: finishing needs a lot of room, and a slow phone must not hold it.
        Box::pin(self.settle(lease, bench, end)).await
    }

    async fn settle(
        &self,
        lease: WriteLease,
        mut bench: Bench,
        end: End,
    ) -> Result<Appended, UploadError> {
        if end == End::Refused {
            return self.refuse(&lease, &mut bench).await;
        }
        let full = lease.row.length.is_some_and(|length| bench.warm.position().reaches(length));
        if full && end != End::TooLong {
            return self.finish_within_patience(lease, bench).await.map(Appended::Stored);
        }
        let to = if full { one_short(bench.warm.position()) } else { bench.warm.position() };
        let (offset, expires_at) = self.acknowledge(&lease, &mut bench, to).await?;
        match end {
            End::Whole => Ok(Appended::Progress { offset, expires_at }),
            End::LetGo => Err(UploadError::TakenOver),
            End::TooLong => {
                let max = lease.row.length.unwrap_or(self.config.max_length).get();
                Err(UploadError::TooLong { max })
            }
            End::Cut | End::Refused => Err(UploadError::Cut(offset)),
        }
    }

    /// Makes everything up to `to` durable, then acknowledges it and lets the lease go.
    pub(super) async fn acknowledge(
        &self,
        lease: &WriteLease,
        bench: &mut Bench,
        to: Offset,
    ) -> Result<(Offset, Timestamp), UploadError> {
        let from = lease.row.committed;
        if to == from {
            self.database.release_lease(lease.row.id, lease.fence).await?;
            self.0.shelf.park(lease.row.id, lease.fence, bench.warm.clone());
            return Ok((from, lease.row.expires_at));
        }
        let segment = match self.flush(lease, bench, to).await {
            Ok(segment) => segment,
            Err(error) => return self.leave(lease, error.into()).await,
        };
        if let Err(fault) = self.faults.pass("upload.commit.before") {
            return self.leave(lease, fault.into()).await;
        }
        let commit = Commit {
            upload: lease.row.id,
            fence: lease.fence,
            from,
            to,
            segment,
            node: self.0.node,
            expires_at: self.expiry(lease.row.created_at),
        };
        match self.database.commit(&commit).await {
            Ok(CommitOutcome::Acknowledged) => {}
            Ok(CommitOutcome::Fenced) => return Err(UploadError::TakenOver),
            // Whether it took effect is unknown; the next request reads it.
            Err(error) => return self.leave(lease, error.into()).await,
        }
        metrics::counter!("forte_media_bytes_acknowledged_total").increment(to.get() - from.get());
        self.faults.pass("upload.commit.after")?;
        if to == bench.warm.position() {
            self.0.shelf.park(lease.row.id, lease.fence, bench.warm.clone());
        }
        Ok((to, commit.expires_at))
    }

    /// Durable: one segment in the store, or the flushed spool.
    async fn flush(
        &self,
        lease: &WriteLease,
        bench: &mut Bench,
        to: Offset,
    ) -> Result<Option<Digest>, StorageError> {
        if !self.0.segmented {
            bench.file.sync().await?;
            return Ok(None);
        }
        let start = lease.row.committed;
        let key =
            SegmentKey { upload: lease.row.id, start, end: to, fence: lease.fence.unsigned_abs() };
        let digest = self.hash(bench, start, to).await?;
        self.store.put_segment(&key, bench.file.path(), digest).await?;
        Ok(Some(digest))
    }

    /// The hash of one segment, read back from the spool: the running digest is of the whole upload.
    async fn hash(&self, bench: &Bench, from: Offset, to: Offset) -> Result<Digest, StorageError> {
        if from == Offset::START && to == bench.warm.position() {
            return Ok(bench.warm.sha256());
        }
        let mut digest = Sha256::new();
        let mut at = from.get();
        while at < to.get() {
            let next = to.get().min(at + HASHED_PIECE);
            digest.update(bench.file.read(at..next).await?);
            at = next;
        }
        Ok(Digest::new(digest.finalize().into()))
    }

    /// The checksum did not hold, or the piece was cut before it could: none of it counts (T-64).
    async fn drop_unverified(
        &self,
        lease: WriteLease,
        bench: Bench,
        end: End,
    ) -> Result<Appended, UploadError> {
        self.database.release_lease(lease.row.id, lease.fence).await?;
        self.0.shelf.park(lease.row.id, lease.fence, bench.warm);
        match end {
            End::LetGo => Err(UploadError::TakenOver),
            End::Cut => Err(UploadError::Cut(lease.row.committed)),
            _ => Err(UploadError::Checksum),
        }
    }

    /// The inspection is certain: the upload ends here, and so does its spool file.
    pub(super) async fn refuse<T>(
        &self,
        lease: &WriteLease,
        bench: &mut Bench,
    ) -> Result<T, UploadError> {
        if let Some(refusal) = bench.watch.found() {
            return self.refuse_again(lease, refusal).await;
        }
        match bench.warm.scanner().refusal().cloned() {
            Some(refusal) => self.refuse_for(lease, bench, refusal).await,
            None => Err(UploadError::Internal("refused without a reason".into())),
        }
    }

    /// The same, for a reason that is known.
    pub(super) async fn refuse_for<T>(
        &self,
        lease: &WriteLease,
        bench: &Bench,
        refusal: Refusal,
    ) -> Result<T, UploadError> {
        metrics::counter!("forte_media_refusals_total", "code" => refusal.finding.check.code())
            .increment(1);
        #[expect(clippy::cast_precision_loss, reason = "a size for a picture, far below 2^52")]
        metrics::histogram!("forte_media_refused_after_bytes").record(refusal.judged_after as f64);
        tracing::info!(upload = %lease.row.id, code = %refusal.finding.check,
            at = refusal.finding.at, judged_after = refusal.judged_after, "video refused");
        let marks = guard::marks(lease, bench, &refusal);
        let known_by = marks.as_ref().map(|marks| (marks, self.rules.fingerprint()));
        let (key, now) = ((lease.row.id, lease.fence), self.clock.now());
        let ended = self.database.refuse_upload(key, &refusal, known_by, now).await?;
        self.has_ended(lease, UploadState::Refused, ended)?;
        Err(UploadError::Refused(Box::new(refusal)))
    }

    /// Ends an upload under its lease; what it left is cleared.
    pub(super) async fn end(
        &self,
        lease: &WriteLease,
        state: UploadState,
        refusal: Option<&Refusal>,
    ) -> Result<(), UploadError> {
        let (id, now) = (lease.row.id, self.clock.now());
        let ended = self.database.end_upload(id, lease.fence, state, refusal, now).await?;
        self.has_ended(lease, state, ended)
    }

    fn has_ended(
        &self,
        lease: &WriteLease,
        state: UploadState,
        ended: bool,
    ) -> Result<(), UploadError> {
        if !ended {
            return Err(UploadError::TakenOver);
        }
        metrics::counter!("forte_media_uploads_finished_total", "state" => state.as_str())
            .increment(1);
        self.clear_soon(lease.row.id);
        Ok(())
    }

    /// What was written but not acknowledged makes room, at once: the disk may be full (F5).
    async fn give_room_back(&self, lease: &WriteLease, bench: &mut Bench) {
        if let Err(error) = bench.file.truncate(lease.row.committed).await {
            tracing::warn!(upload = %lease.row.id, %error, "the spool file could not be cut");
        }
    }

    /// Something failed while the lease was held. It is let go, so that the next request need not
    /// wait; what the spool holds beyond the acknowledged bytes is cut when it is opened again.
    pub(super) async fn leave<T>(
        &self,
        lease: &WriteLease,
        error: UploadError,
    ) -> Result<T, UploadError> {
        if let Err(second) = self.let_go(lease).await {
            tracing::warn!(upload = %lease.row.id, error = %second, "the lease could not be let go");
        }
        Err(error)
    }

    async fn let_go(&self, lease: &WriteLease) -> Result<(), UploadError> {
        self.faults.pass("upload.lease.free")?;
        Ok(self.database.release_lease(lease.row.id, lease.fence).await?)
    }
}

/// `offset = length` is success to a phone, so the last byte is not acknowledged before the video is
/// stored (rule 2 of the house).
pub(super) fn one_short(end: Offset) -> Offset {
    Offset::new(end.get().saturating_sub(1))
}

//! The running digest and MP4 scanner of an upload, and their cache between requests.
//!
//! Both live in memory only. On a cache miss they are rebuilt by replaying the spool file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::inspect::{self, Digests, Inspection, Scanner};
use crate::model::{Digest, Length, Offset, Refusal, UploadId};
use crate::storage::{SpoolFile, StorageError};

/// How much of the spool is read at a time when it is replayed.
const REPLAY_CHUNK: u64 = 1024 * 1024;

/// Digests and scanner after the same bytes. Cheap to clone, because neither keeps payload.
#[derive(Clone)]
pub(super) struct ScanState {
    pub(super) digests: Digests,
    pub(super) head: HeadHash,
    pub(super) scanner: Scanner,
}

impl ScanState {
    pub(super) fn new(
        rules: &Arc<inspect::Config>,
        length: Option<Length>,
        now: Timestamp,
    ) -> Self {
        let scanner = Scanner::new(Arc::clone(rules), length, now);
        Self { digests: Digests::default(), head: HeadHash::default(), scanner }
    }

    /// Takes the bytes that were just appended to `file`, and inspects every box that is now complete.
    pub(super) async fn push(
        &mut self,
        bytes: &[u8],
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        self.head.update(bytes);
        self.scanner.push(bytes);
        self.digests.update(&self.scanner, bytes);
        self.supply_ranges(file, readers).await
    }

    /// Sets the length of the file, all of which has arrived.
    pub(super) async fn set_length(
        &mut self,
        length: Length,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        self.scanner.set_length(length);
        self.supply_ranges(file, readers).await
    }

    /// Supplies the ranges that the scanner needs: off the async threads, and all of them in one
    /// go, because there may be thousands of a few bytes each.
    async fn supply_ranges(
        &mut self,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        if self.scanner.needed_range().is_none() {
            return Ok(());
        }
        // Bounds how many `moov` boxes are in memory. The semaphore is never closed.
        let _permit = readers.acquire().await;
        let mut scanner = self.scanner.clone();
        let advanced = file.with_reader(move |reader| {
            let mut bytes = Vec::new();
            while let Some(range) = scanner.needed_range() {
                reader.read(range, &mut bytes)?;
                scanner.supply(&bytes);
            }
            Ok(scanner)
        });
        self.scanner = advanced.await?;
        Ok(())
    }

    /// Pushes everything in `file`, from the beginning.
    pub(super) async fn replay(
        &mut self,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        let end = file.length().get();
        let mut at = 0;
        while at < end {
            let next = end.min(at + REPLAY_CHUNK);
            let chunk = file.read(at..next).await?;
            self.push(&chunk, file, readers).await?;
            at = next;
        }
        Ok(())
    }

    pub(super) fn position(&self) -> Offset {
        Offset::new(self.scanner.position())
    }

    /// The verdict on the complete file. Its facts contain the hashes.
    pub(super) fn finish(&mut self) -> Result<Inspection, Refusal> {
        let mut inspection = self.scanner.finish()?;
        inspection.facts = self.digests.add_to(inspection.facts);
        Ok(inspection)
    }
}

/// Scan states between requests, each with the fence of its lease. The oldest entries are evicted first.
pub(super) struct ScanCache {
    limit: usize,
    max_bytes: u64,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_upload: HashMap<UploadId, Entry>,
    last_seq: u64,
}

struct Entry {
    fence: i64,
    seq: u64,
    bytes: u64,
    scan: ScanState,
}

impl ScanCache {
    /// At most `limit` entries whose tables take at most `max_bytes` together.
    pub(super) fn new(limit: usize, max_bytes: u64) -> Self {
        Self { limit, max_bytes, entries: Mutex::default() }
    }

    pub(super) fn insert(&self, upload: UploadId, fence: i64, scan: ScanState) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.last_seq += 1;
        let (seq, bytes) = (entries.last_seq, scan.scanner.heap_bytes());
        entries.by_upload.insert(upload, Entry { fence, seq, bytes, scan });
        while entries.by_upload.len() > self.limit || entries.bytes() > self.max_bytes {
            entries.evict_oldest();
        }
    }

    /// Removes and returns the scan state at this offset, if the lease was not acquired since.
    pub(super) fn take(&self, upload: UploadId, fence: i64, at: Offset) -> Option<ScanState> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.by_upload.remove(&upload)?;
        (entry.fence == fence && entry.scan.position() == at).then_some(entry.scan)
    }
}

impl Entries {
    fn bytes(&self) -> u64 {
        self.by_upload.values().map(|entry| entry.bytes).sum()
    }

    fn evict_oldest(&mut self) {
        let oldest = self.by_upload.iter().min_by_key(|(_, entry)| entry.seq);
        if let Some(upload) = oldest.map(|(upload, _)| *upload) {
            self.by_upload.remove(&upload);
        }
    }
}

/// The length of the head, by which a video is identified. It is long enough to contain pictures, or the
/// tables of their sizes, in most recordings, and no two recordings share those.
pub(super) const HEAD_LENGTH: usize = 64 * 1024;

/// How many bytes of the head must not be zero. Some recorders reserve space for the tables before the
/// pictures (Media3: 400,000 bytes), so that all their files begin alike.
const MIN_NONZERO: usize = 1024;

/// The running hash of the head.
#[derive(Clone, Default)]
pub(super) struct HeadHash {
    hash: Sha256,
    hashed: usize,
    nonzero: usize,
    /// `None` while bytes of the head are missing, and for a head of almost only zeros.
    pub(super) digest: Option<Digest>,
}

impl HeadHash {
    /// The digest of the head of a file that begins with `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Option<Digest> {
        let mut head = Self::default();
        head.update(bytes);
        head.digest
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let missing = HEAD_LENGTH.saturating_sub(self.hashed);
        let (head, _) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        if head.is_empty() {
            return;
        }
        self.hash.update(head);
        self.hashed = self.hashed.saturating_add(head.len());
        let nonzero = head.iter().filter(|byte| **byte != 0).count();
        self.nonzero = self.nonzero.saturating_add(nonzero);
        if self.hashed == HEAD_LENGTH && self.nonzero >= MIN_NONZERO {
            self.digest = Some(Digest::new(self.hash.clone().finalize().into()));
        }
    }
}

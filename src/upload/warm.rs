//! What is known of the bytes so far: the running digest and the scanner.
//!
//! Both live in memory only. Between requests they lie on a shelf of limited length; whoever does
//! not find them there feeds the spool through again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::inspect::{self, Digests, Scanner};
use crate::model::{Digest, Facts, Length, Offset, UploadId};
use crate::storage::{SpoolFile, StorageError};

use super::head::Head;

/// How much is read at a time when the spool is fed through again.
const REFEED_PIECE: u64 = 1024 * 1024;

/// Digests and scanner after the same bytes. Cheap to clone: neither keeps payload.
#[derive(Clone)]
pub(super) struct Warm {
    digests: Digests,
    head: Head,
    scanner: Scanner,
}

impl Warm {
    pub(super) fn new(
        rules: &Arc<inspect::Config>,
        declared: Option<Length>,
        now: Timestamp,
    ) -> Self {
        let scanner = Scanner::new(Arc::clone(rules), declared, now);
        Self { digests: Digests::default(), head: Head::default(), scanner }
    }

    /// Takes what was just appended to `file`, and judges every box that is now complete.
    pub(super) async fn push(
        &mut self,
        bytes: &[u8],
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        self.head.update(bytes);
        self.scanner.push(bytes);
        self.digests.update(&self.scanner, bytes);
        self.read_again(file, readers).await
    }

    /// Learns how long the file is, now that all of it is there.
    pub(super) async fn declare(
        &mut self,
        length: Length,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        self.scanner.set_length(length);
        self.read_again(file, readers).await
    }

    /// Supplies what the scanner wants: off the async threads, and all of it in one go, for it may
    /// be thousands of stretches of a few bytes.
    async fn read_again(
        &mut self,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        if self.scanner.needed_range().is_none() {
            return Ok(());
        }
        // The permit bounds how many `moov` boxes are in memory; it is never closed.
        let _permit = readers.acquire().await;
        let mut scanner = self.scanner.clone();
        let judged = file.with_reader(move |reader| {
            let mut bytes = Vec::new();
            while let Some(range) = scanner.needed_range() {
                reader.read(range, &mut bytes)?;
                scanner.supply(&bytes);
            }
            Ok(scanner)
        });
        self.scanner = judged.await?;
        Ok(())
    }

    /// Feeds everything in `file` through, from the beginning.
    pub(super) async fn refeed(
        &mut self,
        file: &SpoolFile,
        readers: &Semaphore,
    ) -> Result<(), StorageError> {
        let end = file.length().get();
        let mut at = 0;
        while at < end {
            let next = end.min(at + REFEED_PIECE);
            let piece = file.read(at..next).await?;
            self.push(&piece, file, readers).await?;
            at = next;
        }
        Ok(())
    }

    pub(super) fn scanner(&mut self) -> &mut Scanner {
        &mut self.scanner
    }

    pub(super) fn position(&self) -> Offset {
        Offset::new(self.scanner.position())
    }

    /// The hash of the first 64 KiB, once they are there.
    pub(super) fn head(&self) -> Option<Digest> {
        self.head.known()
    }

    /// The hash of everything so far.
    pub(super) fn sha256(&self) -> Digest {
        self.digests.sha256()
    }

    /// The facts, with the hashes.
    pub(super) fn known(&self, facts: Facts) -> Facts {
        self.digests.add_to(facts)
    }
}

/// Where digests and scanners lie between requests.
pub(super) struct Shelf {
    limit: usize,
    /// How many bytes of tables all scanners keep together.
    most_bytes: u64,
    parked: Mutex<Parked>,
}

#[derive(Default)]
struct Parked {
    by_upload: HashMap<UploadId, Lying>,
    turn: u64,
}

/// What lies on the shelf.
struct Lying {
    fence: i64,
    turn: u64,
    weight: u64,
    warm: Warm,
}

impl Shelf {
    pub(super) fn new(limit: usize, most_bytes: u64) -> Self {
        Self { limit, most_bytes, parked: Mutex::default() }
    }

    /// Lays down what the holder of `fence` knew. While there are too many, or they are too heavy, the
    /// oldest is dropped.
    pub(super) fn park(&self, upload: UploadId, fence: i64, warm: Warm) {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.turn += 1;
        let (turn, weight) = (parked.turn, warm.scanner.heap_bytes());
        parked.by_upload.insert(upload, Lying { fence, turn, weight, warm });
        while parked.by_upload.len() > self.limit || parked.weight() > self.most_bytes {
            parked.drop_oldest();
        }
    }

    /// Picks up what the holder of `fence` knew, if nobody has held the lease since.
    pub(super) fn pick_up(&self, upload: UploadId, fence: i64, at: Offset) -> Option<Warm> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let lying = parked.by_upload.remove(&upload)?;
        (lying.fence == fence && lying.warm.position() == at).then_some(lying.warm)
    }
}

impl Parked {
    fn weight(&self) -> u64 {
        self.by_upload.values().map(|lying| lying.weight).sum()
    }

    fn drop_oldest(&mut self) {
        let oldest = self.by_upload.iter().min_by_key(|(_, lying)| lying.turn);
        if let Some(upload) = oldest.map(|(upload, _)| *upload) {
            self.by_upload.remove(&upload);
        }
    }
}

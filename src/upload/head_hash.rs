//! The hash of the first 64 KiB of a file, which identifies a recording before all of it has arrived.

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// Long enough to hold pictures or the tables of their sizes in most recordings, which no two share.
pub(super) const HEAD_LENGTH: usize = 64 * 1024;

/// How many of these bytes must differ from zero. Some recorders reserve space for the tables before
/// the pictures (Media3: 400,000 bytes), so that all their files begin alike.
const MIN_NONZERO: usize = 1024;

/// The running hash of the head.
#[derive(Clone, Default)]
pub(super) struct HeadHash {
    hash: Sha256,
    hashed: usize,
    nonzero: usize,
    digest: Option<Digest>,
}

impl HeadHash {
    /// The hash of the head of a file that begins with `bytes`, as [`HeadHash::digest`] has it.
    pub(super) fn of(bytes: &[u8]) -> Option<Digest> {
        let mut head = Self::default();
        head.update(bytes);
        head.digest()
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

    /// `None` while bytes of the head are missing, and for a head of almost only zeros.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

//! The first bytes of a file, by which it is known again.

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// How many they are: 64 KiB (`conventions.md` §5.1). Most often they hold what no two recordings
/// share: pictures, or the tables of their sizes.
pub(super) const HEAD: usize = 64 * 1024;

/// How many of them must be other than zero. Some recorders leave room for the tables before the
/// pictures (Media3: 400,000 bytes); what such files begin with, they all begin with.
const LEAST_TOLD: usize = 1024;

/// Their hash, as far as they have come.
#[derive(Clone, Default)]
pub(super) struct Head {
    hash: Sha256,
    hashed: usize,
    told: usize,
    known: Option<Digest>,
}

impl Head {
    /// The hash of the first bytes of a file, of which these are the first that are at hand; none
    /// where there are too few, or they tell nothing.
    pub(super) fn of(bytes: &[u8]) -> Option<Digest> {
        let mut head = Self::default();
        head.update(bytes);
        head.known()
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let missing = HEAD.saturating_sub(self.hashed);
        let (head, _) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        if head.is_empty() {
            return;
        }
        self.hash.update(head);
        self.hashed = self.hashed.saturating_add(head.len());
        let told = head.iter().filter(|byte| **byte != 0).count();
        self.told = self.told.saturating_add(told);
        if self.hashed == HEAD && self.told >= LEAST_TOLD {
            self.known = Some(Digest::new(self.hash.clone().finalize().into()));
        }
    }

    /// The hash, once all of them are there, if they tell one recording from another.
    pub(super) fn known(&self) -> Option<Digest> {
        self.known
    }
}

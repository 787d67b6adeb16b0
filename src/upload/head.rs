//! The first bytes of a file, by which it is known again.

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// How many they are: 64 KiB (`conventions.md` §5.1). They hold what no two recordings share:
/// pictures, or the tables of their sizes.
const HEAD: usize = 64 * 1024;

/// Their hash, as far as they have come.
#[derive(Clone, Default)]
pub(super) struct Head {
    hash: Sha256,
    hashed: usize,
    known: Option<Digest>,
}

impl Head {
    /// The hash of the first bytes of a file, of which these are the first that are at hand; none
    /// where there are too few.
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
        if self.hashed == HEAD {
            self.known = Some(Digest::new(self.hash.clone().finalize().into()));
        }
    }

    /// The hash, once all of them are there.
    pub(super) fn known(&self) -> Option<Digest> {
        self.known
    }
}

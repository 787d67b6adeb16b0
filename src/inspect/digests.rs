//! The SHA-256 of a file and of its media alone, computed while the bytes arrive.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::boxes::{in_memory, length};
use super::scanner::Scanner;
use crate::model::{Digest, Facts};

/// Two running hashes: of the whole file, and of the payload of its `mdat` boxes in the order of the
/// file. The second stays the same when only the tags of a file are rewritten.
#[derive(Clone, Default)]
pub struct Digests {
    whole: Sha256,
    media: Option<Sha256>,
}

impl Digests {
    /// Takes bytes that were just pushed into `scanner`.
    pub fn update(&mut self, scanner: &Scanner, bytes: &[u8]) {
        self.whole.update(bytes);
        let end = scanner.position();
        let from = end.saturating_sub(length(bytes));
        for Range { start, end } in scanner.media_ranges(from..end) {
            let [start, end] = [start, end].map(|at| in_memory(at.saturating_sub(from)));
            let media = bytes.get(start..end).unwrap_or_default();
            if !media.is_empty() {
                self.media.get_or_insert_default().update(media);
            }
        }
    }

    /// The hash of all bytes so far.
    pub fn sha256(&self) -> Digest {
        Digest::new(self.whole.clone().finalize().into())
    }

    /// The hash of the media so far; `None` as long as there is no byte of media.
    pub fn media_sha256(&self) -> Option<Digest> {
        self.media.as_ref().map(|media| Digest::new(media.clone().finalize().into()))
    }

    /// Adds both hashes to the facts.
    pub fn add_to(&self, facts: Facts) -> Facts {
        Facts { sha256: Some(self.sha256()), media_sha256: self.media_sha256(), ..facts }
    }
}

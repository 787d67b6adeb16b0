//! What can be told of a file before it is sent: by its first bytes and its `moov`, without its media.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Facts, Finding, Length};

use crate::inspect::boxes::fields::{in_memory, length};
use crate::inspect::scanner::Scanner;
use crate::inspect::settings::{Config, NalChain};

/// Bytes of a file, with the place where they lie in it.
#[derive(Debug, Clone, Copy)]
pub struct FilePart<'a> {
    /// Where the first of them lies.
    pub at: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// How much of a file could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreviewCoverage {
    /// All of it but the bytes of the media.
    Whole,
    /// The table of contents (`moov`), but not every box of the file.
    Moov,
    /// Only its first boxes.
    Head,
}

/// What is known of a file before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// All that is against it; the first is what an upload would be refused for.
    pub reasons: Vec<Finding>,
    /// What else was noticed.
    pub notes: Vec<Finding>,
    /// What is known of it.
    pub facts: Facts,
    /// How much could be judged.
    pub coverage: PreviewCoverage,
}

/// Judges a file of which only some parts are at hand: its first bytes, and more in the order of the
/// file. Bytes of media are passed over, so that only check 41 is left for the upload. Where a header is missing, but a further part follows, that
/// part is taken to begin at a box; what is not known is never held against the file.
#[must_use]
pub fn preview(rules: &Arc<Config>, file: Length, now: Timestamp, parts: &[FilePart]) -> Preview {
    // The media is not there to be walked over.
    let rules = Config { nal_chain: NalChain::Off, ..rules.as_ref().clone() };
    let mut scanner = Scanner::thorough(Arc::new(rules), file, now);
    let mut known = Known { parts, has_gap: false };
    while scanner.position() < file.get() && known.go_on(&mut scanner, file.get()) {}
    let is_whole = !known.has_gap && scanner.position() >= file.get();
    let coverage = match (is_whole, scanner.knows_moov()) {
        (true, _) => PreviewCoverage::Whole,
        (false, true) => PreviewCoverage::Moov,
        (false, false) => PreviewCoverage::Head,
    };
    let (reasons, notes, facts) = scanner.conclude(is_whole);
    let facts = Facts { length: file.get(), ..facts };
    Preview { reasons, notes, facts, coverage }
}

/// What is at hand of a file.
struct Known<'a> {
    parts: &'a [FilePart<'a>],
    /// Whether a header, or a box that is read, was missing on the way.
    has_gap: bool,
}

impl Known<'_> {
    /// One step through the file: reads what is at hand, passes over media, or leaps a gap. Each
    /// comes nearer to the end; `false` when none can be made.
    fn go_on(&mut self, scanner: &mut Scanner, end: u64) -> bool {
        let at = scanner.position();
        if let Some(bytes) = self.from(at) {
            scanner.push(bytes);
            return self.supply(scanner);
        }
        let next = self.next(at).unwrap_or(end);
        if scanner.skip(next.saturating_sub(at)) > 0 {
            return true;
        }
        let leapt = next < end && scanner.leap(next);
        self.has_gap |= leapt;
        leapt
    }

    /// Gives what is wanted; `false` when it is not at hand.
    fn supply(&mut self, scanner: &mut Scanner) -> bool {
        while let Some(wanted) = scanner.needed_range() {
            let size = in_memory(wanted.end.saturating_sub(wanted.start));
            let mut starts = self.parts.iter().filter_map(|part| part.from(wanted.start));
            let Some(bytes) = starts.find_map(|bytes| bytes.get(..size)) else {
                self.has_gap = true;
                return false;
            };
            scanner.supply(bytes);
        }
        true
    }

    /// What is at hand from a place on.
    fn from(&self, at: u64) -> Option<&[u8]> {
        self.parts.iter().find_map(|part| part.from(at))
    }

    /// Where the next part begins.
    fn next(&self, after: u64) -> Option<u64> {
        self.parts.iter().map(|part| part.at).filter(|at| *at > after).min()
    }
}

impl<'a> FilePart<'a> {
    /// The bytes from a place on, if it lies in this part.
    fn from(&self, at: u64) -> Option<&'a [u8]> {
        let skipped = at.checked_sub(self.at).filter(|skipped| *skipped < length(self.bytes))?;
        self.bytes.get(in_memory(skipped)..)
    }
}

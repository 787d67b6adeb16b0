//! Judges a file before it is sent, from its first bytes and its `moov`, without its media.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::boxes::{in_memory, length};
use super::scanner::Scanner;
use super::settings::Config;
use crate::model::{Facts, Finding, Length};

/// Bytes of a file, with their position.
#[derive(Debug, Clone, Copy)]
pub struct FilePart<'a> {
    pub at: u64,
    pub bytes: &'a [u8],
}

/// How much of a file could be inspected.
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
    /// All reasons for a refusal; an upload would be refused for the first.
    pub reasons: Vec<Finding>,
    pub notes: Vec<Finding>,
    pub facts: Facts,
    pub coverage: PreviewCoverage,
}

/// Inspects a file from some of its parts: its first bytes, and others such as `moov`. Media is
/// skipped, so `NAL_CHAIN` is left for the upload. Where a header is missing, the scanner continues
/// at the next part, which must begin at a box. Missing bytes are never a reason to refuse the
/// file.
pub fn preview(rules: &Arc<Config>, file: Length, now: Timestamp, parts: &[FilePart]) -> Preview {
    let mut scanner = Scanner::for_preview(rules, file, now);
    let mut known = KnownParts { parts, has_gap: false };
    while scanner.position() < file.get() && known.advance(&mut scanner, file.get()) {}
    let is_whole = !known.has_gap && scanner.position() >= file.get();
    let coverage = match (is_whole, scanner.has_read_moov()) {
        (true, _) => PreviewCoverage::Whole,
        (false, true) => PreviewCoverage::Moov,
        (false, false) => PreviewCoverage::Head,
    };
    let (reasons, notes, facts) = scanner.into_preview(is_whole);
    let facts = Facts { length: file.get(), ..facts };
    Preview { reasons, notes, facts, coverage }
}

/// The available parts of a file.
struct KnownParts<'a> {
    parts: &'a [FilePart<'a>],
    /// Whether a header, or a box that is parsed, was missing.
    has_gap: bool,
}

impl KnownParts<'_> {
    /// Advances by one step: reads an available part, skips media, or jumps over a gap. `false` if
    /// no step was possible. Each step comes nearer to the end of the file.
    fn advance(&mut self, scanner: &mut Scanner, end: u64) -> bool {
        let at = scanner.position();
        if let Some(bytes) = self.parts.iter().find_map(|part| part.from(at)) {
            scanner.push(bytes);
            return self.supply(scanner);
        }
        let next = self.parts.iter().map(|part| part.at).filter(|next| *next > at).min();
        let next = next.unwrap_or(end);
        if scanner.skip(next.saturating_sub(at)) > 0 {
            return true;
        }
        let has_jumped = next < end && scanner.jump(next);
        self.has_gap |= has_jumped;
        has_jumped
    }

    /// Supplies the ranges that the scanner requests; `false` if one is missing.
    fn supply(&mut self, scanner: &mut Scanner) -> bool {
        while let Some(needed) = scanner.needed_range() {
            let size = in_memory(needed.end.saturating_sub(needed.start));
            let mut parts = self.parts.iter().filter_map(|part| part.from(needed.start));
            let Some(bytes) = parts.find_map(|bytes| bytes.get(..size)) else {
                self.has_gap = true;
                return false;
            };
            scanner.supply(bytes);
        }
        true
    }
}

impl<'a> FilePart<'a> {
    /// The bytes of this part from a position on; `None` if the position is outside.
    fn from(&self, at: u64) -> Option<&'a [u8]> {
        let skipped = at.checked_sub(self.at).filter(|skipped| *skipped < length(self.bytes))?;
        self.bytes.get(in_memory(skipped)..)
    }
}

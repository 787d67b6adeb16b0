//! `TRAILING_BYTES`: the bytes after the last box.
//!
//! Players ignore them. Zeros, text and trailers of makers are only noted. Other bytes are, too, if
//! `moov` is the last box, or if `displaced` shows that they are not the end of media in which bytes
//! were repeated or lost. A tail with boxes of a video in it shows that a part of the file was sent
//! twice.

use crate::inspect::boxes::{Checked, Extent, length};
use crate::model::{Check, Finding};

/// The end of the trailer that Samsung's camera and gallery append.
const SAMSUNG: [u8; 4] = *b"SEFT";

/// Boxes that are in no trailer.
const OF_VIDEOS: [&[u8; 4]; 5] = [b"moov", b"moof", b"ftyp", b"mdat", b"mfra"];

/// The beginning of a thumbnail.
const JPEG: [u8; 3] = *b"\xFF\xD8\xFF";

#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Tail {
    from: u64,
    length: u64,
    pub(super) is_zeros: bool,
    is_text: bool,
    is_jpeg: bool,
    has_boxes: bool,
    /// Whether it follows fragments, and begins like what is left of one.
    is_garbage: bool,
    last: [u8; 4],
}

impl Tail {
    /// Begins a tail at `from` with its first bytes.
    pub(super) fn new(from: u64, bytes: &[u8], is_fragmented: bool) -> Self {
        let empty = Self {
            from,
            length: 0,
            is_zeros: true,
            is_text: true,
            is_jpeg: bytes.starts_with(&JPEG),
            has_boxes: false,
            is_garbage: is_fragmented && !is_zeros(bytes) && !is_text(bytes),
            last: [0; 4],
        };
        empty.and(bytes)
    }

    /// The tail with more bytes.
    pub(super) fn and(self, bytes: &[u8]) -> Self {
        let end = [&self.last, bytes.get(bytes.len().saturating_sub(4)..).unwrap_or_default()];
        let last = end.concat().last_chunk().copied().unwrap_or_default();
        let edge = [&self.last, bytes.get(..bytes.len().min(3)).unwrap_or_default()].concat();
        let has_box = |bytes: &[u8]| bytes.array_windows().any(|kind| OF_VIDEOS.contains(&kind));
        Self {
            length: self.length.saturating_add(length(bytes)),
            is_zeros: self.is_zeros && is_zeros(bytes),
            is_text: self.is_text && is_text(bytes),
            has_boxes: self.has_boxes || has_box(&edge) || has_box(bytes),
            last,
            ..self
        }
    }

    /// The position after which the tail is certainly longer than `limit`; `None`: not yet. `end`: the declared
    /// end of the file, if known.
    pub(super) fn too_long_after(&self, end: Option<u64>, limit: u64) -> Option<u64> {
        let stated = end.map_or(0, |end| end.saturating_sub(self.from));
        if stated > limit {
            return Some(self.from.saturating_add(8)); // at its first bytes
        }
        let after = self.from.saturating_add(limit).saturating_add(1);
        (self.length > limit).then_some(after)
    }

    /// Whether its bytes may be media that has moved.
    pub(super) fn is_unknown(&self) -> bool {
        let is_plain = self.is_zeros || self.is_text;
        !(is_plain || self.is_jpeg || self.has_boxes || self.last == SAMSUNG)
    }

    pub(super) fn extent(&self) -> Extent {
        self.from..self.from.saturating_add(self.length)
    }

    /// The note on a tail that is tolerated. `is_foreign`: it is certainly no media that has moved.
    pub(super) fn judge(&self, is_foreign: bool) -> Checked<Finding> {
        if self.has_boxes || (self.is_unknown() && !is_foreign) {
            return Err(self.refusal());
        }
        Ok(self.finding())
    }

    pub(super) fn refusal(&self) -> Finding {
        if self.is_garbage { no_box(self.from) } else { self.finding() }
    }

    fn finding(&self) -> Finding {
        let what = match self {
            Self { is_zeros: true, .. } => "Zero bytes follow",
            Self { is_text: true, .. } => "Text follows",
            Self { last: SAMSUNG, .. } => "The trailer of a Samsung phone follows",
            Self { is_jpeg: true, .. } => "A picture follows",
            _ => "Bytes that are not a box follow",
        };
        let message = format!("{what} the last box, from byte {} on.", self.from);
        Finding::at(Check::TrailingBytes, self.from, message)
    }
}

/// `BOX_GARBAGE` at a position.
pub(super) fn no_box(at: u64) -> Finding {
    let message = format!(
        "There is no box at byte {at}: bytes before it are missing or duplicated, or the recording \
         was cut off."
    );
    Finding::at(Check::BoxGarbage, at, message)
}

pub(crate) fn is_zeros(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'))
}

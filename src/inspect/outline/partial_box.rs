//! A box of which bytes may be missing.

use crate::inspect::boxes::{BoxHeader, FourCc, SHORT_HEADER, in_memory, nesting};
use std::fmt;

/// A box whose size may be wrong.
pub(super) struct PartialBox<'a> {
    pub(super) kind: FourCc,
    pub(super) at: u64,
    /// The size that it states, header included.
    pub(super) size: u64,
    /// The end of its parent, or of the file.
    pub(super) limit: u64,
    /// The available bytes after the header.
    pub(super) body: &'a [u8],
}

/// Why a box cannot be read.
#[derive(Clone, Copy)]
pub(super) enum Unreadable {
    TooShort,
    /// Only zeros, as far as can be seen.
    Zeros,
    /// The type is not text.
    Garbage,
    /// The stated size is less than that of the header.
    Size,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooShort => "too few bytes for a box",
            Self::Zeros => "zeros",
            Self::Garbage => "no box begins here",
            Self::Size => "a box smaller than its header",
        })
    }
}

impl<'a> PartialBox<'a> {
    /// Parses the box at the beginning of `bytes`, which may have fewer bytes than the box.
    pub(super) fn parse(bytes: &'a [u8], at: u64, limit: u64) -> Result<Self, Unreadable> {
        if bytes.iter().take(8).all(|byte| *byte == 0) {
            return Err(Unreadable::Zeros);
        }
        let header = BoxHeader::parse(bytes).ok_or(Unreadable::TooShort)?;
        if !header.kind.is_printable() {
            return Err(Unreadable::Garbage);
        }
        if header.is_incomplete() {
            return Err(Unreadable::TooShort);
        }
        let size = match header.size() {
            0 if header.is_open_ended() => limit.saturating_sub(at),
            2..8 if !header.is_long() && matches!(&header.kind.0, b"free" | b"skip") => {
                SHORT_HEADER
            }
            size => size,
        };
        let body_size = size.checked_sub(header.length()).ok_or(Unreadable::Size)?;
        let body = bytes.get(in_memory(header.length())..).unwrap_or_default();
        let body = body.get(..in_memory(body_size)).unwrap_or(body);
        Ok(Self { kind: header.kind, at, size, limit, body })
    }

    /// Its end by the stated size.
    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(self.size)
    }

    /// The number of its bytes, by the stated size, past the end of its parent; `None` if there are none.
    pub(super) fn missing(&self) -> Option<u64> {
        self.end().checked_sub(self.limit).filter(|missing| *missing > 0)
    }

    /// Whether a box of the top level has children, or a summary that needs its body.
    pub(super) fn needs_body(&self) -> bool {
        matches!(&self.kind.0, b"ftyp" | b"styp" | b"moov" | b"moof" | b"meta" | b"udta" | b"mfra")
    }

    /// QuickTime ends some lists with a zero.
    pub(super) fn may_end_in_zeros(&self) -> bool {
        self.kind == *b"udta" || nesting::is_sample_entry(self.kind, self.body)
    }

    /// The bytes of its children; `None` for a box that has none.
    pub(super) fn children(&self) -> Option<&'a [u8]> {
        self.body.get(nesting::fields_before_children(self.kind, self.body)?..)
    }
}

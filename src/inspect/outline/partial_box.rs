//! One box, as far as it is there.

use std::fmt;

use crate::inspect::boxes::fields::{Fields, in_memory, length};
use crate::inspect::boxes::kind::Kind;
use crate::inspect::moov::codec_config;
use crate::inspect::moov::sample_entry::VISUAL_ENTRY;

/// Fixed fields of a sound's sample entry (ISO 14496-12 §12.2.3).
const SOUND_ENTRY: usize = 28;

/// A box whose size may be wrong.
pub(crate) struct Found<'a> {
    pub(crate) kind: Kind,
    pub(crate) at: u64,
    /// Bytes that it claims to have, its header included.
    pub(crate) size: u64,
    /// Where the box around it ends, or the file.
    pub(crate) limit: u64,
    /// What is at hand of what follows the header.
    pub(crate) body: &'a [u8],
}

/// Why there is no box to be read.
#[derive(Clone, Copy)]
pub(crate) enum Odd {
    /// Fewer bytes than a header has.
    Short,
    /// Nothing but zeros, as far as one can see.
    Zeros,
    /// The type is not text.
    Garbage,
    /// The box claims to be smaller than its header.
    Size,
}

impl fmt::Display for Odd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Short => "too few bytes for a box",
            Self::Zeros => "zeros",
            Self::Garbage => "no box begins here",
            Self::Size => "a box smaller than its header",
        })
    }
}

impl<'a> Found<'a> {
    /// Reads the box at the beginning of `bytes`, of which there may be fewer than it has.
    pub(crate) fn read(bytes: &'a [u8], at: u64, limit: u64) -> Result<Self, Odd> {
        let mut fields = Fields::new(bytes);
        let read = (fields.u32(), fields.kind());
        if bytes.iter().take(8).all(|byte| *byte == 0) {
            return Err(Odd::Zeros);
        }
        let (Some(short), Some(kind)) = read else { return Err(Odd::Short) };
        if !kind.is_text() {
            return Err(Odd::Garbage);
        }
        let size = match short {
            0 => limit.saturating_sub(at),
            1 => fields.u64().ok_or(Odd::Short)?,
            2..8 if matches!(&kind.0, b"free" | b"skip") => 8,
            short => u64::from(short),
        };
        let header = length(bytes).saturating_sub(length(fields.rest()));
        let inner = size.checked_sub(header).ok_or(Odd::Size)?;
        let body = fields.rest();
        let body = body.get(..in_memory(inner)).unwrap_or(body);
        Ok(Self { kind, at, size, limit, body })
    }

    /// Where it ends, by its own words.
    pub(crate) fn end(&self) -> u64 {
        self.at.saturating_add(self.size)
    }

    /// How many of its bytes lie past the end of what is around it.
    pub(crate) fn missing(&self) -> Option<u64> {
        self.end().checked_sub(self.limit).filter(|missing| *missing > 0)
    }

    /// Whether a box of the top level has something to say or boxes inside.
    pub(crate) fn is_looked_into(&self) -> bool {
        matches!(
            &self.kind.0,
            b"ftyp" | b"styp" | b"moov" | b"moof" | b"meta" | b"udta" | b"mfra" | b"sidx"
        )
    }

    /// QuickTime ends some lists with a zero.
    pub(crate) fn may_end_in_zeros(&self) -> bool {
        self.kind.0 == *b"udta" || self.entry().is_some()
    }

    /// The bytes of the boxes inside; `None` for a box that holds none.
    pub(crate) fn children(&self) -> Option<&'a [u8]> {
        self.body.get(self.fixed()?..)
    }

    /// Bytes of fields before the boxes inside.
    fn fixed(&self) -> Option<usize> {
        match &self.kind.0 {
            b"moov" | b"moof" | b"trak" | b"edts" | b"mdia" | b"minf" | b"dinf" | b"stbl"
            | b"mvex" | b"traf" | b"udta" | b"mfra" | b"ilst" | b"sinf" | b"schi" => Some(0),
            b"stsd" | b"dref" => Some(8),
            // A plain box to QuickTime, a full one to ISO: `hdlr` shows which (mp4.md §4.5).
            b"meta" => Some(if self.body.get(4..8) == Some(b"hdlr") { 0 } else { 4 }),
            _ => self.entry(),
        }
    }

    /// Fixed fields of a sample entry, if it is one that can be looked into.
    fn entry(&self) -> Option<usize> {
        let picture = codec_config::config_kind(self.kind).map(|_| VISUAL_ENTRY);
        // The entries of QuickTime's versions 1 and 2 have more fields.
        let sound = self.kind.0 == *b"mp4a" && self.body.get(8..10) == Some(&[0, 0]);
        picture.or(sound.then_some(SOUND_ENTRY))
    }
}

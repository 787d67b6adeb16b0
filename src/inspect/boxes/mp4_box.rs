//! A box in memory: a type, a body, and the children in it.

use std::fmt;

use crate::model::{Check, Finding};

use super::fields::{Fields, in_memory, length};
use super::header::{BoxHeader, SHORT_HEADER};
use super::kind::FourCc;

/// Fewer zeros than this at the end of a container are spare bytes. A zeroed disk sector is damage.
const MAX_SPARE: usize = 512;

/// A value that has passed a check, or the finding of the check that failed.
pub(crate) type Checked<T = ()> = Result<T, Finding>;

/// Fails with a finding unless a condition holds.
pub(crate) fn ensure(holds: bool, finding: impl FnOnce() -> Finding) -> Checked {
    if holds { Ok(()) } else { Err(finding()) }
}

/// A box whose bytes are all there.
#[derive(Clone, Copy)]
pub(crate) struct Mp4Box<'a> {
    pub(crate) kind: FourCc,
    /// Position of its header in the file.
    pub(crate) at: u64,
    /// Everything after the header.
    pub(crate) body: &'a [u8],
    header_length: u64,
}

/// A box that begins with a version and flags.
pub(crate) struct FullBox<'a> {
    pub(crate) version: u8,
    pub(crate) flags: u32,
    pub(crate) fields: Fields<'a>,
}

impl FullBox<'_> {
    /// A field that has 32 bits in version 0 of a box and 64 bits in version 1.
    pub(crate) fn sized(&mut self) -> Option<u64> {
        self.fields.sized(self.version)
    }

    /// A duration as stored, unless it is all ones, which means "unknown".
    pub(crate) fn known(&self, duration: u64) -> Option<u64> {
        let unknown = if self.version == 0 { u64::from(u32::MAX) } else { u64::MAX };
        (duration != unknown).then_some(duration)
    }
}

impl<'a> Mp4Box<'a> {
    /// Parses the box at the beginning of `bytes`, which are at position `at` of the file.
    pub(crate) fn parse(bytes: &'a [u8], at: u64) -> Checked<Self> {
        Children { rest: bytes, at, allow_terminator: false }.read()
    }

    /// Parses a top-level box, whose size may be "to the end of the file".
    pub(crate) fn parse_top_level(bytes: &'a [u8], at: u64) -> Checked<Self> {
        match BoxHeader::parse(bytes).filter(BoxHeader::is_open_ended) {
            Some(header) => {
                let header_length = header.length();
                let body = bytes.get(in_memory(header_length)..).unwrap_or_default();
                Ok(Self { kind: header.kind, at, body, header_length })
            }
            None => Self::parse(bytes, at),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.at.saturating_add(self.header_length).saturating_add(length(self.body))
    }

    pub(crate) fn children(&self) -> Children<'a> {
        self.children_after(0, false)
    }

    /// The children that follow `fixed` bytes of fields; `allow_terminator` allows the 32-bit zero
    /// with which QuickTime ends some lists.
    pub(crate) fn children_after(&self, fixed: usize, allow_terminator: bool) -> Children<'a> {
        let rest = self.body.get(fixed..).unwrap_or_default();
        let at = self.end().saturating_sub(length(rest));
        Children { rest, at, allow_terminator }
    }

    /// The readable children of a type.
    pub(crate) fn children_of(&self, kind: [u8; 4]) -> impl Iterator<Item = Mp4Box<'a>> + use<'a> {
        self.children().flatten().filter(move |child| child.kind == kind)
    }

    /// `BOX_MISSING` and `BOX_DUPLICATE`: The one child of a type. A file without its mandatory
    /// boxes cannot be played; with two of them players disagree on which one counts. (ISO 14496-12
    /// §8)
    pub(crate) fn required_child(&self, kind: [u8; 4]) -> Checked<Mp4Box<'a>> {
        self.optional_child(kind)?.ok_or_else(|| {
            let what = format!("has no `{}`, which every player needs", FourCc(kind));
            self.finding(Check::BoxMissing, what)
        })
    }

    /// `BOX_DUPLICATE`: The child of a type that may be there once. (ISO 14496-12 §8)
    pub(crate) fn optional_child(&self, kind: [u8; 4]) -> Checked<Option<Mp4Box<'a>>> {
        let mut found = self.children_of(kind);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => {
                let what =
                    format!("is the second one in `{}`, which may contain only one", self.kind);
                Err(second.finding(Check::BoxDuplicate, what))
            }
        }
    }

    /// `BOX_DUPLICATE`: A table is there in one of its two forms. With both, players disagree on
    /// which one counts. (ISO 14496-12 §8.7.3, §8.7.5)
    pub(crate) fn one_form(&self, one: [u8; 4], other: [u8; 4]) -> Checked {
        let (Some(_), Some(second)) = (self.optional_child(one)?, self.optional_child(other)?)
        else {
            return Ok(());
        };
        let one = FourCc(one);
        let what = format!("is a second form of the table `{one}` in the same `{}`", self.kind);
        Err(second.finding(Check::BoxDuplicate, what))
    }

    /// `BOX_VERSION` and `BOX_SHORT`: The version and the flags. Only versions 0 and 1 are defined;
    /// the fields of other versions are unknown. (ISO 14496-12 §4.2)
    pub(crate) fn full(&self) -> Checked<FullBox<'a>> {
        let mut fields = Fields::new(self.body);
        let [version, a, b, c] = fields.array().ok_or_else(|| self.too_short())?;
        if version > 1 {
            let what = format!("has version {version}; only versions 0 and 1 are defined");
            return Err(self.finding(Check::BoxVersion, what));
        }
        Ok(FullBox { version, flags: u32::from_be_bytes([0, a, b, c]), fields })
    }

    /// `BOX_SHORT`: Reads the fields of a full box; `read` returns `None` if there are too few
    /// bytes.
    pub(crate) fn read_full<T>(&self, read: impl FnOnce(FullBox<'a>) -> Option<T>) -> Checked<T> {
        read(self.full()?).ok_or_else(|| self.too_short())
    }

    /// `BOX_SHORT`: The box ends before its fixed fields do.
    pub(crate) fn too_short(&self) -> Finding {
        let what = format!("is too short for its fields: its body has {} bytes", self.body.len());
        self.finding(Check::BoxShort, what)
    }

    /// A finding about this box: "The box `stsd` at byte 1234 …".
    pub(crate) fn finding(&self, check: Check, what: impl fmt::Display) -> Finding {
        box_finding(check, self.kind, self.at, what)
    }
}

/// A finding about the box `kind` at `at`; `what` continues the sentence and has no full stop.
pub(crate) fn box_finding(check: Check, kind: FourCc, at: u64, what: impl fmt::Display) -> Finding {
    Finding::at(check, at, format!("The box `{kind}` at byte {at} {what}."))
}

/// The boxes inside some bytes, in order. Ends after the first that cannot be read.
#[derive(Clone)]
pub(crate) struct Children<'a> {
    rest: &'a [u8],
    at: u64,
    allow_terminator: bool,
}

impl<'a> Children<'a> {
    /// `BOX_OVERRUN`, `BOX_TAIL` and `BOX_SIZE_INVALID`: Children fill their parent. Otherwise bytes
    /// were lost or duplicated, and what follows would be read at a wrong position. A few spare bytes
    /// behind them (`BOX_TAIL`) are only noted. (ISO 14496-12 §4.2)
    fn read(&self) -> Checked<Mp4Box<'a>> {
        let header = BoxHeader::parse(self.rest).filter(|_| !self.is_spare());
        let header = header.ok_or_else(|| self.leftover())?;
        let (kind, size) = (header.kind, header.size());
        let finding = |check, what: &str| box_finding(check, kind, self.at, what);
        let overrun = || finding(Check::BoxOverrun, "is larger than the box around it");
        if header.is_incomplete() {
            return Err(overrun());
        }
        let is_padding = matches!(&kind.0, b"free" | b"skip") && !header.is_long();
        let size = if is_padding { size.max(header.length()) } else { size };
        let body = size.checked_sub(header.length()).ok_or_else(|| {
            let what = format!("states a size of {size} bytes, less than its own header");
            finding(Check::BoxSizeInvalid, &what)
        })?;
        let after_header = self.rest.get(in_memory(header.length())..).unwrap_or_default();
        let body = after_header.get(..in_memory(body)).ok_or_else(overrun)?;
        Ok(Mp4Box { kind, at: self.at, body, header_length: header.length() })
    }

    /// Whether the rest is no box: too few bytes, or zeros.
    fn is_spare(&self) -> bool {
        let length = self.rest.len();
        length < in_memory(SHORT_HEADER)
            || (length < MAX_SPARE && self.rest.iter().all(|byte| *byte == 0))
    }

    fn leftover(&self) -> Finding {
        let message = format!(
            "{} bytes at byte {} are left over inside a box and are not a box.",
            self.rest.len(),
            self.at
        );
        Finding::at(Check::BoxTail, self.at, message)
    }

    fn has_ended(&self) -> bool {
        self.rest.is_empty() || (self.allow_terminator && self.rest == [0; 4])
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Checked<Mp4Box<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended() {
            return None;
        }
        let item = self.read();
        let used = item.as_ref().map_or(u64::MAX, |child| child.end().saturating_sub(self.at));
        self.rest = self.rest.get(in_memory(used)..).unwrap_or_default();
        self.at = self.at.saturating_add(used);
        Some(item)
    }
}

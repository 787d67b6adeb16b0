//! Boxes in memory: a kind, a body, children that tile it.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::{Fields, in_memory, length};
use crate::inspect::boxes::kind::Kind;

/// A box whose bytes are all there.
#[derive(Clone, Copy)]
pub(crate) struct Boxed<'a> {
    pub(crate) kind: Kind,
    /// Position of its header in the file.
    pub(crate) at: u64,
    /// Everything after the header.
    pub(crate) body: &'a [u8],
    /// Bytes of the header: 8, or 16 with a 64-bit size.
    header: u64,
}

/// The fields of a full box, after its version and flags.
pub(crate) struct Full<'a> {
    pub(crate) version: u8,
    pub(crate) flags: u32,
    pub(crate) fields: Fields<'a>,
}

impl<'a> Boxed<'a> {
    /// Reads the one box that `bytes`, found at `at`, are.
    pub(crate) fn whole(bytes: &'a [u8], at: u64) -> Result<Self, Finding> {
        Children { rest: bytes, at, zero_ends: false }.read()
    }

    /// The whole box, header included, when the caller has its bytes at hand as a top-level box
    /// whose size field says "to the end of the file".
    pub(crate) fn to_end(bytes: &'a [u8], at: u64) -> Result<Self, Finding> {
        let mut fields = Fields::new(bytes);
        match (fields.u32(), fields.kind()) {
            (Some(0), Some(kind)) => Ok(Self { kind, at, body: fields.rest(), header: 8 }),
            _ => Self::whole(bytes, at),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.at.saturating_add(self.header).saturating_add(length(self.body))
    }

    pub(crate) fn children(&self) -> Children<'a> {
        self.children_after(0, false)
    }

    /// The children that follow `fixed` bytes of fields; `zero_ends` allows the 32-bit zero with
    /// which QuickTime closes some lists.
    pub(crate) fn children_after(&self, fixed: usize, zero_ends: bool) -> Children<'a> {
        let skipped = fixed.min(self.body.len());
        let rest = self.body.get(skipped..).unwrap_or_default();
        let at = self.end().saturating_sub(length(rest));
        Children { rest, at, zero_ends }
    }

    /// Check 20: The one child of a kind. A file without its mandatory boxes cannot be played; with
    /// two of them players disagree which counts. (ISO 14496-12 §8)
    pub(crate) fn one(&self, kind: [u8; 4]) -> Result<Boxed<'a>, Finding> {
        self.at_most_one(kind)?.ok_or_else(|| {
            let message = format!(
                "The box '{}' at byte {} has no '{}'; a player cannot do without it.",
                self.kind,
                self.at,
                Kind(kind)
            );
            Finding::at(Check::BoxMissing, self.at, message)
        })
    }

    /// Check 20: The child of a kind that may be there once. (ISO 14496-12 §8)
    pub(crate) fn at_most_one(&self, kind: [u8; 4]) -> Result<Option<Boxed<'a>>, Finding> {
        let mut found = self.children().flatten().filter(|child| child.kind.0 == kind);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => {
                let message = format!(
                    "The box '{}' at byte {} holds '{}' twice.",
                    self.kind, self.at, second.kind
                );
                Err(Finding::at(Check::BoxDuplicate, second.at, message))
            }
        }
    }

    /// Check 20: One of the two forms of a table: with both, players disagree which counts.
    /// (ISO 14496-12 §8.7.3, §8.7.5)
    pub(crate) fn one_form(&self, one: [u8; 4], other: [u8; 4]) -> Result<(), Finding> {
        let (Some(_), Some(second)) = (self.at_most_one(one)?, self.at_most_one(other)?) else {
            return Ok(());
        };
        let message = format!(
            "The box '{}' at byte {} holds '{}' and '{}', two forms of one table.",
            self.kind,
            self.at,
            Kind(one),
            second.kind
        );
        Err(Finding::at(Check::BoxDuplicate, second.at, message))
    }

    /// Check 22: Version and flags; only versions 0 and 1 have been defined. An unknown version has
    /// unknown fields, so nothing after it can be read. (ISO 14496-12 §4.2)
    pub(crate) fn full(&self) -> Result<Full<'a>, Finding> {
        let mut fields = Fields::new(self.body);
        let [version, a, b, c] = fields.array().ok_or_else(|| self.short())?;
        if version > 1 {
            let message = format!(
                "The box '{}' at byte {} has version {version}; only 0 and 1 exist.",
                self.kind, self.at
            );
            return Err(Finding::at(Check::BoxVersion, self.at, message));
        }
        Ok(Full { version, flags: u32::from_be_bytes([0, a, b, c]), fields })
    }

    /// Check 22: The finding that the box ends before its fixed fields do.
    pub(crate) fn short(&self) -> Finding {
        let message = format!(
            "The box '{}' at byte {} has only {} bytes, fewer than its fields need.",
            self.kind,
            self.at,
            self.body.len()
        );
        Finding::at(Check::BoxShort, self.at, message)
    }
}

/// The boxes inside some bytes, in order. Ends after the first that cannot be read.
#[derive(Clone)]
pub(crate) struct Children<'a> {
    rest: &'a [u8],
    at: u64,
    zero_ends: bool,
}

impl<'a> Children<'a> {
    /// Check 18: Children must fill their parent exactly: bytes were lost or doubled otherwise, and
    /// what follows is read at the wrong place. (ISO 14496-12 §4.2; GPAC refuses the same)
    fn read(&self) -> Result<Boxed<'a>, Finding> {
        let mut fields = Fields::new(self.rest);
        let (Some(short), Some(kind)) = (fields.u32(), fields.kind()) else {
            return Err(self.tail());
        };
        let size = match short {
            1 => fields.u64().ok_or_else(|| self.overrun(kind))?,
            short => u64::from(short),
        };
        let header = length(self.rest).saturating_sub(length(fields.rest()));
        let body = size.checked_sub(header).ok_or_else(|| self.bad_size(kind, size))?;
        let body = fields.bytes(in_memory(body)).ok_or_else(|| self.overrun(kind))?;
        Ok(Boxed { kind, at: self.at, body, header })
    }

    fn tail(&self) -> Finding {
        let message = format!(
            "{} bytes at byte {} are left over inside a box; they are too few to be a box.",
            self.rest.len(),
            self.at
        );
        Finding::at(Check::BoxTail, self.at, message)
    }

    fn overrun(&self, kind: Kind) -> Finding {
        let message =
            format!("The box '{kind}' at byte {} is larger than the box it lies in.", self.at);
        Finding::at(Check::BoxOverrun, self.at, message)
    }

    fn bad_size(&self, kind: Kind, size: u64) -> Finding {
        let message = format!(
            "The box '{kind}' at byte {} claims {size} bytes, fewer than its own header.",
            self.at
        );
        Finding::at(Check::BoxSizeInvalid, self.at, message)
    }

    fn ended(&self) -> bool {
        self.rest.is_empty() || (self.zero_ends && self.rest == [0; 4])
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Boxed<'a>, Finding>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended() {
            return None;
        }
        let item = self.read();
        let used = item.as_ref().map_or(u64::MAX, |child| child.end().saturating_sub(self.at));
        self.rest = self.rest.get(in_memory(used)..).unwrap_or_default();
        self.at = self.at.saturating_add(used);
        Some(item)
    }
}

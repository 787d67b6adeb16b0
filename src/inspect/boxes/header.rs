//! The header of a box: a 32-bit size, a type, and a 64-bit size where the first is 1
//! (ISO 14496-12 §4.2).

use super::fields::Fields;
use super::kind::FourCc;

/// Bytes of a header with a 32-bit size, and of the smallest box.
pub(crate) const SHORT_HEADER: u64 = 8;

/// Bytes of a header with a 64-bit size.
pub(crate) const LONG_HEADER: u64 = 16;

/// A header as it was read, with sizes that may be wrong.
#[derive(Debug, Clone, Copy)]
pub struct BoxHeader {
    pub(crate) kind: FourCc,
    size32: u32,
    /// `None` also while its bytes are missing.
    size64: Option<u64>,
}

impl BoxHeader {
    /// Reads a header; `None` for fewer than 8 bytes. 16 bytes are always enough.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let (size32, kind) = (fields.u32()?, fields.kind()?);
        let size64 = if size32 == 1 { fields.u64() } else { None };
        Some(Self { kind, size32, size64 })
    }

    /// Whether the type of the box is `kind`.
    pub fn is(&self, kind: [u8; 4]) -> bool {
        self.kind == kind
    }

    /// Whether the 64-bit size is announced but not there.
    pub fn is_incomplete(&self) -> bool {
        self.size32 == 1 && self.size64.is_none()
    }

    /// The stated size of the whole box, header included; 0 where the box runs to the end of the file.
    pub fn size(&self) -> u64 {
        self.size64.unwrap_or(u64::from(self.size32))
    }

    /// Whether the box runs to the end of the file.
    pub fn is_open_ended(&self) -> bool {
        self.size32 == 0
    }

    /// Bytes of the header itself.
    pub(crate) fn length(&self) -> u64 {
        if self.is_long() { LONG_HEADER } else { SHORT_HEADER }
    }

    pub(crate) fn is_long(&self) -> bool {
        self.size32 == 1
    }

    /// The first eight bytes of the box.
    pub(crate) fn first_bytes(&self) -> [[u8; 4]; 2] {
        [self.size32.to_be_bytes(), self.kind.0]
    }
}

//! The four characters that name a box, a brand or a codec.

use std::fmt;

/// The copyright sign of Mac Roman, with which QuickTime begins the names of its tags.
const COPYRIGHT: u8 = 0xA9;

/// The longest header of a `uuid` box: a 64-bit size and the UUID (ISO 14496-12 §4.2).
pub(crate) const UUID_HEADER: u64 = 32;

/// Four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(pub(crate) [u8; 4]);

impl Kind {
    /// Whether all four are printable (or ©): other bytes mean that the reader has lost its place.
    pub(crate) fn is_text(self) -> bool {
        self.0.iter().all(|byte| matches!(byte, b' '..=b'~') || *byte == COPYRIGHT)
    }

    /// How many bytes of a top-level box of this kind are looked at, from its beginning: of most only
    /// the header, which is read by then.
    pub(crate) fn looked_at(self) -> u64 {
        match &self.0 {
            b"ftyp" | b"moov" | b"moof" => u64::MAX,
            b"uuid" => UUID_HEADER,
            _ => 0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b' '..=b'~' => write!(out, "{}", char::from(byte))?,
                COPYRIGHT => out.write_str("©")?,
                _ => write!(out, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

//! The four characters that name a box, a brand or a codec.

use std::fmt;

/// The copyright sign of Mac Roman, with which QuickTime begins the names of its tags.
const COPYRIGHT: u8 = 0xA9;

/// Four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(pub(super) [u8; 4]);

impl Kind {
    /// Whether all four are printable (or ©): other bytes mean that the reader has lost its place.
    pub(super) fn is_text(self) -> bool {
        self.0.iter().all(|byte| matches!(byte, b' '..=b'~') || *byte == COPYRIGHT)
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

//! The four characters that name a box, a brand or a codec.

use std::fmt;

/// The copyright sign in Mac Roman, with which the names of QuickTime's tags begin.
const COPYRIGHT: u8 = 0xA9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FourCc(pub(crate) [u8; 4]);

impl FourCc {
    /// Whether all four bytes are printable (or ©). Others show that the reader is not at a header.
    pub(crate) fn is_printable(self) -> bool {
        self.0.iter().all(|byte| matches!(byte, b' '..=b'~') || *byte == COPYRIGHT)
    }
}

impl PartialEq<[u8; 4]> for FourCc {
    fn eq(&self, other: &[u8; 4]) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for FourCc {
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

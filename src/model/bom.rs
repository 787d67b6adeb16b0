//! Byte order marks: 1C and some HTTP clients put one before JSON, some editors before text.

/// The text without a byte order mark at its beginning.
pub fn strip_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    #[error("it is not UTF-8")]
    NotUtf8,
}

impl From<TextError> for std::io::Error {
    fn from(error: TextError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// The content of a file that a person has edited, without a byte order mark.
pub fn text_of(bytes: &[u8]) -> Result<String, TextError> {
    // Without a mark, every second byte of a Latin text is zero.
    let is_utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    if is_utf16 || bytes.iter().take(2).any(|byte| *byte == 0) {
        return Err(TextError::Utf16);
    }
    String::from_utf8(strip_bom(bytes).to_vec()).map_err(|_| TextError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::{TextError, text_of};

    #[test]
    fn a_byte_order_mark_is_removed_and_utf_16_is_named() {
        assert_eq!(text_of(b"\xEF\xBB\xBFa=1").as_deref(), Ok("a=1"));
        assert_eq!(text_of("ключ".as_bytes()).as_deref(), Ok("ключ"));
        for utf16 in [&b"\xFF\xFEa\0"[..], b"\xFE\xFF\0a", b"a\0=\0", b"\0a\0="] {
            assert_eq!(text_of(utf16), Err(TextError::Utf16));
        }
        assert_eq!(text_of(b"\xC3\x28"), Err(TextError::NotUtf8));
    }
}

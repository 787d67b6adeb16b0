//! The byte order mark of UTF-8, which 1C and some HTTP clients put before JSON.

/// The text without a byte order mark at its beginning.
pub fn strip_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

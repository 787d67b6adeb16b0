//! Cursors as opaque texts for clients.

use std::fmt::Arguments;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// In bytes.
const LONGEST_CURSOR: usize = 128;

/// The text of a cursor that consists of these words.
pub(super) fn encode(words: Arguments<'_>) -> String {
    URL_SAFE_NO_PAD.encode(words.to_string())
}

/// The words of a cursor, if the text is one and has `N` of them.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[String; N]> {
    if text.len() > LONGEST_CURSOR {
        return None;
    }
    let words = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
    words.try_into().ok()
}

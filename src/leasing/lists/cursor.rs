//! Where a limited list goes on: the text clients hand back as `after`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::database::{Block, PageCursor};

/// The longest text that is looked at.
const TEXT_LIMIT: usize = 128;

/// The last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// In which block it stands.
    pub(super) block: Block,
    /// Where.
    pub(super) bookmark: PageCursor,
}

impl Cursor {
    /// As clients get it. What is inside is nobody's business.
    #[must_use]
    pub fn text(&self) -> String {
        let block = if self.block == Block::Important { "i" } else { "g" };
        URL_SAFE_NO_PAD.encode(format!("{block} {} {}", self.bookmark.at, self.bookmark.ref_key))
    }

    /// Reads it back; `None` when it is none of ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > TEXT_LIMIT {
            return None;
        }
        let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut words = inside.split(' ');
        let block = match words.next()? {
            "i" => Block::Important,
            "g" => Block::General,
            _ => return None,
        };
        let bookmark =
            PageCursor { at: words.next()?.parse().ok()?, ref_key: words.next()?.parse().ok()? };
        words.next().is_none().then_some(Self { block, bookmark })
    }
}

//! The cursor of a list: `next` in a response, `after` in the following request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::database::{Block, PageCursor};

/// In bytes.
const LONGEST_CURSOR: usize = 128;

/// The position of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) block: Block,
    pub(super) page: PageCursor,
}

impl Cursor {
    /// The opaque text for clients.
    pub fn encode(&self) -> String {
        let block = if self.block == Block::Important { "i" } else { "g" };
        URL_SAFE_NO_PAD.encode(format!("{block} {} {}", self.page.at, self.page.ref_key))
    }

    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST_CURSOR {
            return None;
        }
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut words = decoded.split(' ');
        let block = match words.next()? {
            "i" => Block::Important,
            "g" => Block::General,
            _ => return None,
        };
        let page =
            PageCursor { at: words.next()?.parse().ok()?, ref_key: words.next()?.parse().ok()? };
        words.next().is_none().then_some(Self { block, page })
    }
}

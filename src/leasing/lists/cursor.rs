//! The cursor of a list: `next` in a response, `after` in the following request.

use crate::database::{Block, PageCursor};
use crate::leasing::cursor;

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
        cursor::encode(format_args!("{block} {} {}", self.page.at, self.page.ref_key))
    }

    pub fn decode(text: &str) -> Option<Self> {
        let [block, at, ref_key] = cursor::decode(text)?;
        let block = match block.as_str() {
            "i" => Block::Important,
            "g" => Block::General,
            _ => return None,
        };
        let page = PageCursor { at: at.parse().ok()?, ref_key: ref_key.parse().ok()? };
        Some(Self { block, page })
    }
}

//! Whether bytes behind the media are the end of media that has moved.
//!
//! If bytes of the media were repeated or lost on the way, the media ends elsewhere than its box, and
//! what lies behind the box looks like the trailer of a maker. The NAL units prove the media only up
//! to their last length: damage behind it is inside of one picture, or in sound. That rest is read
//! again. A block that was repeated there lies twice in a row and is as long as the tail; a block
//! that was lost there has moved the next `moof` into the media.
//!
//! Not seen is a lost block with the whole last `moof` in it, behind the last unit of the fragment
//! before: the file is then the same as one with a foreign tail.

use super::checks;
use crate::inspect::boxes::{BoxHeader, Extent, SHORT_HEADER, in_memory, length};

/// Most bytes that are read again. The last picture and its sound take less than 1 MiB, a tail takes
/// at most `inspect.max_trailing`.
const MAX_READ: u64 = 4 * 1024 * 1024;

/// The range to read again: the tail, and what precedes it from one length of the tail before
/// `proven_to` on. `None` if that is too much.
pub(crate) fn range(proven_to: u64, tail: &Extent) -> Option<Extent> {
    let length = tail.end.saturating_sub(tail.start);
    let from = proven_to.saturating_sub(length);
    (tail.end.saturating_sub(from) <= MAX_READ).then_some(from..tail.end)
}

/// Whether the last `tail` of these bytes are no media that has moved. `media`: the parts of `bytes`
/// that belong to the media and that the NAL units do not prove.
pub(crate) fn is_foreign(bytes: &[u8], tail: u64, media: impl Iterator<Item = Extent>) -> bool {
    let tail_start = length(bytes).saturating_sub(tail);
    let (mut media_end, mut has_moof) = (0, false);
    for part in media {
        media_end = part.end;
        let end = part.end.saturating_add(SHORT_HEADER); // it may end in the tail
        has_moof |= slice(bytes, part.start..end).array_windows().any(|kind| kind == b"moof");
    }
    // The second of two repeated blocks begins in the media. What follows may repeat itself.
    let repeatable = slice(bytes, 0..media_end.saturating_add(tail));
    let is_repeated = is_repeated(repeatable, in_memory(tail));
    !has_moof && !is_repeated && !ends_with_box(slice(bytes, tail_start..length(bytes)))
}

/// The bytes of a range, as far as there are any.
fn slice(bytes: &[u8], range: Extent) -> &[u8] {
    let end = in_memory(range.end.min(length(bytes)));
    bytes.get(in_memory(range.start)..end).unwrap_or_default()
}

/// Whether the file ends with a box that begins in its tail. It came behind the media before that
/// moved.
fn ends_with_box(tail: &[u8]) -> bool {
    let mut starts = tail.windows(in_memory(SHORT_HEADER)).enumerate();
    starts.any(|(start, header)| {
        let header = BoxHeader::parse(header);
        let left = length(tail).saturating_sub(u64::try_from(start).unwrap_or(u64::MAX));
        header.is_some_and(|header| header.size() == left && checks::is_known(header.kind))
    })
}

/// Whether any `count` bytes are followed by the same bytes.
fn is_repeated(bytes: &[u8], count: usize) -> bool {
    let later = bytes.get(count..).unwrap_or_default();
    let mut same = 0_usize;
    bytes.iter().zip(later).any(|(first, second)| {
        same = if first == second { same.saturating_add(1) } else { 0 };
        same >= count
    })
}

//! Check 48: a second parser, the crate `mp4`, reads a rebuilt copy of `moov`. It can only add a note.

mod bounded;
pub(super) mod compare;
mod rebuild;

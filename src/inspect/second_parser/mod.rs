//! `SECOND_OPINION`, only a note: a second parser, the crate `mp4`, reads a rebuilt copy of `moov`.

mod bounded;
pub(super) mod compare;
mod rebuild;

//! The streaming judgement of the bytes.
//!
//! A [`Scanner`] is fed the bytes of an upload in whatever pieces they arrive. It reads the headers
//! of the top-level boxes, skips their payload, and asks for the few boxes it has to read whole
//! (`ftyp`, `moov`, `moof`) and for those few bytes of media it has to look at again (`nal`). Each check of the list is one function; numbers in their comments are
//! those of the list: 1–7 the first bytes (`opening`), 8–16 the top level (`stream`), 18–41 the
//! boxes that are read, 42–48 completion (`completion`).
//!
//! Three promises hold everywhere in this room, and its lints watch over them: nothing panics,
//! nothing is allocated because a field says so, and the work is bounded by the bytes that are
//! really there. A box is never trusted before its size has been compared with its parent's.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

mod boxes;
mod completion;
mod content;
mod digests;
mod facts;
mod media;
mod moof;
mod moov;
mod notes;
pub mod outline;
mod preview;
mod scanner;
mod second_parser;
mod settings;
mod top_level;
mod truncated;

pub use boxes::steps;
pub use completion::digest_mismatch;
pub use digests::Digests;
pub use preview::{FilePart, Preview, PreviewCoverage, preview};
pub use scanner::{Inspection, Scanner};
pub use settings::{Config, NalChain, Quicktime, TruncatedRecording};

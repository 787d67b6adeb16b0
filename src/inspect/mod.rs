//! The streaming inspection of MP4 files.
//!
//! A [`Scanner`] takes the bytes of an upload in pieces of any size. It reads the headers of the
//! top-level boxes, skips their payload, and requests the few boxes that are read whole (`ftyp`,
//! `moov`, `moof`) and the few bytes of media that are looked at again (`media`). Each check is one
//! function; the numbers in their comments are those of `docs/refusals.md`: 1–7 the first bytes
//! (`top_level::first_box`), 8–16 the top level (`top_level::checks`), 18–41 the boxes that are read,
//! 42–48 the whole file (`completion`).
//!
//! Three rules hold everywhere in this module, and its lints enforce them: nothing panics, nothing is
//! allocated only because a field says so, and the work is bounded by the bytes that are there. The
//! size of a box is compared with its parent's before it is used.
//!
//! A file imports only from those to its right: `scanner` → `completion`, `truncated`, `facts` →
//! `content` → `moof` → `media`, `outline`, `second_parser` → `moov` → `context` → `top_level` →
//! `notes` → `boxes` → `settings`.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]

mod boxes;
mod completion;
mod content;
mod context;
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

pub use boxes::{BoxHeader, steps};
pub use completion::digest_mismatch;
pub use digests::Digests;
pub use preview::{FilePart, Preview, PreviewCoverage, preview};
pub use scanner::{Inspection, Scanner};
pub use settings::{Config, NalChain, Quicktime, TruncatedRecording};

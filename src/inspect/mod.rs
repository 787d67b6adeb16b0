//! The streaming inspection of MP4 files.
//!
//! A [`Scanner`] takes the bytes of an upload in pieces of any size. It checks the headers of the
//! top-level boxes and counts their payload without keeping it. Through [`Scanner::needed_range`]
//! it asks its caller to read back the boxes that are parsed (`ftyp`, `moov`, `moof`) and the few
//! bytes of media that passed before their meaning was known (`media`).
//!
//! Each check is one function. Its comment begins with the code of the check; `docs/refusals.md`
//! explains the codes. The checks of the first bytes are in `top_level::first_box`, those of the
//! other top-level headers in `top_level::checks`, those of the whole file in `completion`; the
//! others are beside the parser of their box.
//!
//! Three rules hold everywhere in this module: nothing panics (the lints below forbid indexing,
//! unchecked arithmetic and casts), a stated size or count alone never causes an allocation, and
//! the work is bounded by the bytes that are there. The size of a box is compared with its parent's
//! before it is used.
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

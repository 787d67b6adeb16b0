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
mod brands;
mod bytes;
mod codec;
mod completion;
mod content;
mod cut;
mod description;
mod digests;
mod edits;
mod extents;
mod facts;
mod fragment_run;
mod fragments;
mod hints;
mod kind;
mod layout;
mod lookalike;
mod movie;
mod nal;
mod notes;
mod opening;
mod opinion;
pub mod outline;
mod path;
mod policy;
mod preview;
mod profile;
mod rebuild;
mod samples;
mod scanner;
mod settings;
mod shape;
mod sound;
pub mod steps;
mod stream;
mod tables;
mod tags;
mod top;
mod track;

pub use completion::digest_mismatch;
pub use digests::Digests;
pub use preview::{FilePart, Preview, PreviewCoverage, preview};
pub use scanner::{Inspection, Scanner};
pub use settings::{Config, NalChain, Quicktime, TruncatedRecording};

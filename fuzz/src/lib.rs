//! The modules `inspect` and `model`, compiled without the rest of the crate, and the bodies of the
//! fuzz targets. `tests/forte/inspect/fuzzed.rs` runs the same bodies as ordinary tests.
#![allow(dead_code, unused_imports, reason = "only a part of the crate")]

extern crate self as forte_media;

#[path = "../../src/inspect/mod.rs"]
pub mod inspect;
#[path = "../../src/model/mod.rs"]
pub mod model;

pub mod bodies;

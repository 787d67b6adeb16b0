//! The two pure rooms of the house, mounted here without the rest of it, and what the fuzz targets
//! do with them. `tests/forte/inspect/fuzzed.rs` runs the same bodies as ordinary tests.
#![allow(dead_code, unused_imports, reason = "a part of the house, not all of it")]

#[path = "../../src/inspect/mod.rs"]
pub mod inspect;
#[path = "../../src/model/mod.rs"]
pub mod model;

pub mod bodies;

mod rooms {
    pub use crate::{inspect, model};
}

//! Routes, extractors, doors, envelopes.

mod config;

pub use config::{Doors, Ops};
pub mod serve;

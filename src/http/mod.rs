//! Routes, extractors, doors, envelopes.

pub mod serve;

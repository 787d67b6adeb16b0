//! `moof`: the table of contents of a fragment.

pub(super) mod fragments;
pub(super) mod hints;
mod runs;

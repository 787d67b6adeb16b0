//! The boxes of the top level: their headers are checked, their payload is only counted.

mod checks;
pub(crate) mod displaced;
mod first_box;
pub(super) mod header;
mod lookalike;
pub(super) mod reader;
pub(super) mod tail;

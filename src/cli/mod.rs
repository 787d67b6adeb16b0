//! The subcommands.

mod events;

pub use events::{Events, Said};

//! Companies, people, tokens, vehicles, reports.

mod config;

pub use config::{Auth, Config};

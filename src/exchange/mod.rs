//! The exchange with 1C: submissions out.

mod config;

pub use config::Config;

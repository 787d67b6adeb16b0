//! Claim, deliver, record.

mod config;

pub use config::Config;

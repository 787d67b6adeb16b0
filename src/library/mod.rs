//! Stored videos: viewing links and custody.

mod config;

pub use config::Config;

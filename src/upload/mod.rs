//! The life of an upload: create, append, finish, expire.

mod config;

pub use config::{Config, Segments};

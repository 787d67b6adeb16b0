//! One message to one receiver.

mod config;

pub use config::{Config, Webhook};

//! Mail: by SMTP, or to a folder during development.

mod client;
mod config;
mod connection;
mod error;
mod folder;
mod smtp;
mod tls;

pub use client::Mail;
pub use config::{MailConfig, MailTls};
pub use error::MailError;

//! Mail: by SMTP, or to a folder during development.

mod client;
mod config;
mod dialogue;
mod error;
mod folder;
mod smtp;
mod tls;

pub use client::Mail;
pub use config::{MailConfig, MailTls};
pub use error::MailError;

//! Delivery of one message to one receiver: webhook, push, mail.
//!
//! An attempt ends in a [`Delivery`]; retries are the task of `outbox`.

mod config;
mod delivery;
mod fcm;
mod mail;
mod push;
mod response;
mod signature;
mod target;
mod webhook;

pub use config::{Config, FcmConfig, WebhookConfig};
pub use delivery::Delivery;
pub use fcm::{Fcm, FcmError, SendError, ServiceAccountError};
pub use mail::{Mail, MailConfig, MailError, MailTls};
pub use push::Push;
pub use response::retry_after;
pub use signature::SecretError;
pub use target::{AddressDenied, TargetError};
pub use webhook::{Webhook, WebhookError};

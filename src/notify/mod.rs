//! One message to one receiver.
//!
//! A try ends in one of three ways ([`Delivery`]); when and how often to try is not decided here.

mod answer;
mod config;
mod fcm;
mod guard;
mod http;
mod mail;
mod push;
mod signature;
mod webhook;

use jiff::SignedDuration;

use crate::model::EventId;

pub use config::{Config, FcmConfig, WebhookConfig};
pub use fcm::{AccountError, Fcm, FcmError};
pub use guard::{NotAllowed, TargetError};
pub use mail::{Mail, MailConfig, MailError, MailTls};
pub use push::Push;
pub use signature::SecretError;
pub use webhook::{Webhook, WebhookError};

/// Something to be told.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// The same over all tries: by it the receiver knows a repetition.
    pub id: EventId,
    /// Its JSON, sent as it is.
    pub body: &'m str,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has said that it has it.
    Delivered {
        /// Its status: 2xx.
        status: u16,
    },
    /// Not this time.
    Later {
        /// How long the receiver asks to wait (`Retry-After`, RFC 9110 section 10.2.3).
        after: Option<SignedDuration>,
        /// Its HTTP status, if it answered at all.
        status: Option<u16>,
        /// What went wrong, for operators.
        reason: String,
    },
    /// There is nobody any more: the device is gone.
    Nobody {
        /// The receiver's status.
        status: u16,
        /// What it said, for operators.
        reason: String,
    },
    /// The receiver does not want it: 410 of a webhook, 5xx of a mail server.
    Never {
        /// Its HTTP status.
        status: u16,
        /// What it said, for operators.
        reason: String,
    },
}

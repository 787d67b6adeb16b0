//! The outcome of an attempt to deliver a message.

use jiff::SignedDuration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has acknowledged the message.
    Delivered { status: u16 },
    /// A later attempt may succeed.
    Retry {
        /// `Retry-After` (RFC 9110 section 10.2.3).
        after: Option<SignedDuration>,
        /// Absent when there was no response.
        status: Option<u16>,
        reason: String,
    },
    /// The recipient no longer exists: the device is gone, or the message is out of date.
    NoRecipient { status: u16, reason: String },
    /// Permanently refused: 410 from a webhook, 5xx from a mail server.
    Rejected { status: u16, reason: String },
}

impl Delivery {
    /// An attempt that got no response.
    pub(super) fn failed(reason: String) -> Self {
        Self::Retry { after: None, status: None, reason }
    }
}

//! Settings of the exchange with 1C.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[onec]`: the exchange with 1C.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Wrong passwords a minute, for one account and from one address (S70).
    pub failures_per_minute: usize,
    /// How long the password before is good beside the new one.
    pub rotation_grace: SignedDuration,
    /// Most submissions in one answer.
    pub max_page: u32,
    /// Largest picture that is taken, in bytes.
    pub max_picture: usize,
    /// Most items of a message.
    pub max_items: usize,
    /// Longest body of a message, in bytes.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_within: SignedDuration,
    /// How long a message waits for the one before it.
    pub message_wait: SignedDuration,
    /// How long replies are kept for messages that are sent again.
    pub keep_replies: SignedDuration,
}

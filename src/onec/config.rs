//! Settings of the exchange with 1C.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[onec]`: the exchange with 1C.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Wrong passwords per minute, for one account and from one address (S70).
    pub failures_per_minute: usize,
    /// How long the previous password stays valid after a rotation.
    pub rotation_grace: SignedDuration,
    /// The largest number of submissions in one response.
    pub max_page: u32,
    /// How often new submissions are added to the queue.
    pub sequence_every: SignedDuration,
    /// The largest picture, in bytes.
    pub max_picture: usize,
    /// The largest number of items in a message.
    pub max_items: usize,
    /// The longest body of a message, in bytes.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_within: SignedDuration,
    /// How long a message waits for an earlier one.
    pub message_wait: SignedDuration,
    /// How long replies are kept for repeated messages.
    pub keep_replies: SignedDuration,
}

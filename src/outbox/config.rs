//! Settings of delivery.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[outbox]`: how often delivery is tried.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How often due messages are looked for when nothing wakes the dispatcher.
    pub poll_every: SignedDuration,
    /// How many messages one claim takes.
    pub batch: u32,
    /// How long a claimed message belongs to its node.
    pub lease: SignedDuration,
    /// The wait before each try; after the last one the message is dead (Standard Webhooks).
    pub ladder: Vec<SignedDuration>,
}

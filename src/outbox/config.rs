//! Settings of the outbox.

use jiff::SignedDuration;
use serde::Deserialize;

/// The `[outbox]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Concurrent attempts per channel.
    pub concurrency: usize,
    /// How often the database is polled for messages of other nodes and for due retries.
    pub poll_every: SignedDuration,
    /// Length of a lease beyond the receiver's timeout: the time left to record the outcome.
    pub record_within: SignedDuration,
    /// For messages that were delivered or had no recipient.
    pub keep_delivered: SignedDuration,
    /// For messages that were given up.
    pub keep_dead: SignedDuration,
}

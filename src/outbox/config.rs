//! The settings of the outbox.

use jiff::SignedDuration;
use serde::Deserialize;

/// The `[outbox]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Messages under way at a time, at most.
    pub concurrency: usize,
    /// How often the database is asked for due messages when nobody rings.
    pub poll_every: SignedDuration,
    /// How long after the receiver's time is over a message stays claimed: the time there is to
    /// record what became of it.
    pub record_within: SignedDuration,
    /// How long a message is kept that was delivered, or that nobody was left to be told.
    pub keep_delivered: SignedDuration,
    /// How long a message is kept that was given up.
    pub keep_dead: SignedDuration,
}

//! The settings of the ledger.

use jiff::SignedDuration;
use serde::Deserialize;

/// The `[ledger]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// How long a request waits for a free connection before it answers "away".
    pub acquire_timeout: SignedDuration,
    /// SQLite only: how long a writer waits for another one.
    pub busy_timeout: SignedDuration,
}

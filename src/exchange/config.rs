//! Settings of the exchange with 1C.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[exchange]`: the exchange with 1C.
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
}

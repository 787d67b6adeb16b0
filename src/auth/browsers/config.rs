//! Settings of the review console.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::model::Network;

/// `[review]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewConfig {
    /// Whether every reviewer needs a code from an authenticator app.
    pub require_totp: bool,
    /// The networks from which reviewers may sign in and use the console; empty: all.
    pub allow_networks: Vec<Network>,
    /// Timeout of a browser session without activity.
    pub idle: SignedDuration,
    /// Longest lifetime of a browser session.
    pub at_most: SignedDuration,
}

//! Settings of the reviewers' console.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::model::Network;

/// `[review]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewConfig {
    /// Whether every reviewer needs a code of an authenticator app.
    pub require_totp: bool,
    /// The networks from which reviewers may sign in and use the console; empty: all.
    pub allow_networks: Vec<Network>,
    /// How long a session of a browser lasts without activity.
    pub idle: SignedDuration,
    /// How long it lasts in any case.
    pub at_most: SignedDuration,
}

//! `[playback]`: settings of playback links and downloads.

use jiff::SignedDuration;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a playback link is valid.
    pub link_ttl: SignedDuration,
    /// How many videos are sent through this service at a time: to 1C, and as many to the review console.
    pub downloads: usize,
}

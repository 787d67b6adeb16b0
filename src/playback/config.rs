//! `[playback]`: settings of playback links and downloads.

use jiff::SignedDuration;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a playback link is valid.
    pub link_ttl: SignedDuration,
    /// How many videos are sent to 1C through this service at a time.
    pub downloads: usize,
}

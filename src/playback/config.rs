//! Settings of stored videos.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[playback]`: viewing links.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a viewing link opens the video.
    pub link_ttl: SignedDuration,
    /// Videos that are sent through this service to 1C at a time.
    pub downloads: usize,
}

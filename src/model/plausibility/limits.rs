//! From where on something is odd.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[plausibility]`: from where on something is odd, and from where on it cannot be honest. Each pair
/// reads: pass up to the first, warn up to the second, fail beyond.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlausibilityConfig {
    /// How far the recording may be from its sending, and from the server's clock, for a pass.
    pub time_pass: SignedDuration,
    /// ... for a warning.
    pub time_fail: SignedDuration,
    /// How long before the report's first moment a recording is a warning only.
    pub window_slack: SignedDuration,
    /// How far the recorded place may be from the sent one for a pass, in metres.
    pub place_pass: u32,
    /// ... for a warning.
    pub place_fail: u32,
    /// How far the sent place may be from all of the vehicle's recent ones for a pass, in metres.
    pub usual_place_pass: u32,
    /// ... for a warning.
    pub usual_place_fail: u32,
    /// How many times shorter or longer than usual a recording may be for a pass.
    pub length_pass: u32,
    /// ... for a warning.
    pub length_fail: u32,
    /// Fewest earlier videos that make a length usual.
    pub usual_from: usize,
    /// How many earlier videos are looked at.
    pub recent: u32,
}

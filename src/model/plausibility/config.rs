//! The thresholds of the plausibility tests.

use jiff::SignedDuration;
use serde::Deserialize;

/// `[plausibility]`. Each pair of thresholds reads: pass up to the first, warn up to the second, fail
/// beyond.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlausibilityConfig {
    /// A recording that is older than this, at sending or at receipt, gets a warning.
    pub age_warn: SignedDuration,
    /// A recording that is older than this fails.
    pub age_fail: SignedDuration,
    /// How much later than its sending, or than the server's clock, the recording may be for a pass.
    pub time_pass: SignedDuration,
    /// ... for a warning.
    pub time_fail: SignedDuration,
    /// A recording made up to this long before the report's start gets a warning, an earlier one fails.
    pub window_slack: SignedDuration,
    /// How far the recorded place may be from the sent one for a pass, in metres.
    pub place_pass: u32,
    /// ... for a warning.
    pub place_fail: u32,
    /// How far the sent place may be from the nearest recent place of the vehicle for a pass, in
    /// metres.
    pub usual_place_pass: u32,
    /// ... for a warning.
    pub usual_place_fail: u32,
    /// By what factor a recording may be shorter or longer than usual for a pass.
    pub length_pass: u32,
    /// ... for a warning.
    pub length_fail: u32,
    /// Minimum number of earlier videos for the test `usual_length`.
    pub usual_from: usize,
    /// How many earlier videos are compared.
    pub recent: u32,
}

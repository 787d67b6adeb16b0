//! Tests of whether a video is what it claims to be, each with its own verdict.
//!
//! A verdict never refuses a video: clocks of phones are wrong, drivers are out of coverage, and files
//! lose their tags. Verdicts tell a reviewer what to look at first. [`judge`] compares times, places and
//! lengths; [`reuse()`] looks for earlier uses of the video, which only the final transaction knows.

mod config;
mod evidence;
mod format;
mod length;
mod places;
mod reuse;
mod times;
mod verdict;

pub use config::PlausibilityConfig;
pub use evidence::{EarlierVideo, Evidence, History, ReportWindow};
pub use places::{distance, is_known};
pub use reuse::{for_driver, reuse};
pub use times::recording_gap;
pub use verdict::{
    EarlierUse, MAX_LINKS, MatchKind, Outcome, OutcomeCounts, PlausibilityTest, Verdict,
};

/// Runs every test except [`reuse()`], always in this order.
pub fn judge(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Vec<Verdict> {
    vec![
        times::at_sending(evidence, config),
        times::at_receipt(evidence, config),
        times::within_window(evidence, config),
        places::recorded(evidence, config),
        places::usual(evidence, config),
        length::usual(evidence, config),
    ]
}

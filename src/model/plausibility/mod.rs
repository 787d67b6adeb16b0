//! Whether a video is what it says it is: several small tests, each with its own verdict.
//!
//! A verdict is never a refusal by itself: clocks of phones are off, drivers are out of coverage, and
//! files lose their tags on the way. It is what a reviewer looks at first. Times, places and lengths are
//! judged by [`judge`]; whether the video came before is [`reuse()`], which needs the database's last word.

mod length;
mod limits;
mod places;
mod reuse;
mod times;
mod verdict;
mod words;

use jiff::Timestamp;

use super::{Facts, Place};

pub use limits::PlausibilityConfig;
pub use reuse::{EarlierUse, MOST_LINKS, Sameness, for_driver, reuse};
pub use verdict::{Outcome, Test, Verdict};

/// What is known when a video is judged.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What the inspection knows of the file.
    pub facts: &'a Facts,
    /// When the driver says it was sent.
    pub time_sent: Timestamp,
    /// Where the driver says it was sent.
    pub place: Place,
    /// When the upload began, by the server's clock.
    pub begun_at: Timestamp,
    /// When all of it had come, by the server's clock.
    pub received_at: Timestamp,
    /// When the report wants to be filmed.
    pub window: Window,
    /// What came before.
    pub past: &'a Past,
}

/// From when until when a report wants to be filmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first moment, if it has one.
    pub starts_at: Option<Timestamp>,
    /// From when on it is overdue, if it ever is.
    pub due_at: Option<Timestamp>,
}

/// Earlier videos, the latest first, as many as the settings say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// Of this vehicle.
    pub vehicle: Vec<Earlier>,
    /// Of this company, whatever the vehicle.
    pub company: Vec<Earlier>,
}

/// An earlier video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Where its driver said it was sent.
    pub place: Place,
    /// How long the recording is, if that was known.
    pub duration_ms: Option<u64>,
}

/// Every test but [`reuse()`], always in this order.
#[must_use]
pub fn judge(known: &Known<'_>, limits: &PlausibilityConfig) -> Vec<Verdict> {
    vec![
        times::at_sending(known, limits),
        times::at_receipt(known, limits),
        times::within_window(known, limits),
        places::recorded(known, limits),
        places::usual(known, limits),
        length::usual(known, limits),
    ]
}

//! When it was recorded, by the recorder's clock.
//!
//! `creation_time` is the beginning of the recording with some makers and its end with others (Android
//! writes it when the file is closed, cameras when it is opened), so a recording lies somewhere within
//! its length before and after. A test gives it the best of that.

use jiff::{SignedDuration, Timestamp};

use super::words::{moment, spelled};
use super::{Known, Outcome, PlausibilityConfig, Test, Verdict};

/// A stretch of time, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Stretch {
    /// When a recording can have been made.
    fn of_recording(known: &Known<'_>) -> Option<Self> {
        let at = known.facts.created_at?;
        let lasts = known.facts.duration_ms.unwrap_or(0);
        // No recording is longer than time itself: such a duration is cut, and the sums with it.
        let lasts = SignedDuration::from_millis(i64::try_from(lasts).unwrap_or(i64::MAX));
        Some(Self {
            from: at.checked_sub(lasts).unwrap_or(Timestamp::MIN),
            to: at.checked_add(lasts).unwrap_or(Timestamp::MAX),
        })
    }

    /// How long before `other` this one ends: below zero when it begins after it, zero when they meet.
    pub(super) fn before(self, other: Self) -> SignedDuration {
        if self.to < other.from {
            other.from.duration_since(self.to)
        } else if self.from > other.to {
            other.to.duration_since(self.from)
        } else {
            SignedDuration::ZERO
        }
    }
}

/// The recorder's clock against the time of sending.
pub(super) fn at_sending(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let sent = Stretch { from: known.time_sent, to: known.time_sent };
    near(Test::RecordedAtSending, known, sent, limits, "it was sent")
}

/// The recorder's clock against the server's, while the video came in.
pub(super) fn at_receipt(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let came = Stretch { from: known.begun_at.min(known.received_at), to: known.received_at };
    near(Test::RecordedAtReceipt, known, came, limits, "its upload, by our clock")
}

fn near(
    test: Test,
    known: &Known<'_>,
    other: Stretch,
    limits: &PlausibilityConfig,
    what: &str,
) -> Verdict {
    let Some(recording) = Stretch::of_recording(known) else { return unknown(test) };
    let gap = recording.before(other);
    let outcome = Outcome::of(&gap.abs(), &limits.time_pass, &limits.time_fail);
    let how = match gap.signum() {
        1 => format!("{} before", spelled(gap)),
        -1 => format!("{} after", spelled(gap)),
        _ => "at the same time as".to_owned(),
    };
    let message = format!("by its recorder's clock, recorded {how} {what}{}", doubt(gap));
    Verdict::new(test, outcome, message)
}

/// Nothing is recorded after it was sent.
fn doubt(gap: SignedDuration) -> &'static str {
    if gap.is_negative() { "; one of the clocks is wrong" } else { "" }
}

/// The recorder's clock against the report's first moment and its deadline. Late is only a warning:
/// late reports are filmed late, and rejected ones again.
pub(super) fn within_window(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let test = Test::RecordedInWindow;
    let Some(recording) = Stretch::of_recording(known) else { return unknown(test) };
    if known.window.starts_at.is_none() && known.window.due_at.is_none() {
        return Verdict::absent(test, "the report has neither a first day nor a deadline");
    }
    let window = Stretch {
        from: known.window.starts_at.unwrap_or(Timestamp::MIN),
        to: known.window.due_at.unwrap_or(Timestamp::MAX),
    };
    let gap = recording.before(window);
    if gap.is_positive() {
        let outcome = Outcome::of(&gap, &SignedDuration::ZERO, &limits.window_slack);
        let (early, first) = (spelled(gap), moment(window.from));
        let message = format!("recorded {early} before the report's first moment, {first}");
        return Verdict::new(test, outcome, message);
    }
    if gap.is_negative() {
        let (late, due) = (spelled(gap), moment(window.to));
        let message = format!("recorded {late} after the report's deadline, {due}");
        return Verdict::new(test, Outcome::Warn, message);
    }
    Verdict::new(test, Outcome::Pass, "recorded within the time of the report")
}

fn unknown(test: Test) -> Verdict {
    Verdict::absent(test, "the file does not say when it was recorded")
}

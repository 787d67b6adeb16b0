//! The recording time, by the recorder's clock, or according to the app where the file does not state it.
//!
//! `creation_time` is the start of the recording on some devices (cameras: when they open the file) and its end on
//! others (Android: when it closes the file). So the recording lies within its duration before or
//! after that time, and the tests use the most favourable point.

use jiff::{SignedDuration, Timestamp};

use super::config::PlausibilityConfig;
use super::evidence::Evidence;
use super::format;
use super::verdict::{Outcome, PlausibilityTest, Verdict};
use crate::model::Facts;

/// A time span, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// The shortest possible time from the recording to `to`; negative if the recording is later.
pub fn recording_gap(
    facts: &Facts,
    declared: Option<Timestamp>,
    to: Timestamp,
) -> Option<SignedDuration> {
    Some(Span::of(facts, declared)?.gap_to(Span { from: to, to }))
}

impl Span {
    fn of_recording(evidence: &Evidence<'_>) -> Option<Self> {
        Self::of(evidence.facts, evidence.recorded_at)
    }

    /// When a recording may have been made.
    fn of(facts: &Facts, declared: Option<Timestamp>) -> Option<Self> {
        let at = facts.recorded_at(declared)?;
        let duration = facts.duration_ms.unwrap_or(0);
        let duration = SignedDuration::from_millis(i64::try_from(duration).unwrap_or(i64::MAX));
        Some(Self {
            from: at.checked_sub(duration).unwrap_or(Timestamp::MIN),
            to: at.checked_add(duration).unwrap_or(Timestamp::MAX),
        })
    }

    /// The time from the end of this span to the start of `other`: negative if `other` comes first, zero
    /// if they overlap.
    fn gap_to(self, other: Self) -> SignedDuration {
        if self.to < other.from {
            other.from.duration_since(self.to)
        } else if self.from > other.to {
            other.to.duration_since(self.from)
        } else {
            SignedDuration::ZERO
        }
    }
}

/// Compares the recording time with `time_sent`.
pub(super) fn at_sending(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let sent = Span { from: evidence.time_sent, to: evidence.time_sent };
    let test = PlausibilityTest::RecordedAtSending;
    compared(test, evidence, sent, config, "it was sent")
}

/// Compares the recording time with the server's clock during the upload.
pub(super) fn at_receipt(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let begun_at = evidence.begun_at.min(evidence.received_at);
    let upload = Span { from: begun_at, to: evidence.received_at };
    let test = PlausibilityTest::RecordedAtReceipt;
    compared(test, evidence, upload, config, "its upload, by our clock")
}

fn compared(
    test: PlausibilityTest,
    evidence: &Evidence<'_>,
    other: Span,
    config: &PlausibilityConfig,
    what: &str,
) -> Verdict {
    let Some(recording) = Span::of_recording(evidence) else { return unknown(test) };
    let gap = recording.gap_to(other);
    // A recording may be old, because phones wait for a network (age_*). A recording later than its sending has a
    // wrong clock (time_*).
    let outcome = if gap.is_negative() {
        Outcome::of(&gap.abs(), &config.time_pass, &config.time_fail)
    } else {
        Outcome::of(&gap, &config.age_warn, &config.age_fail)
    };
    let when = match gap.signum() {
        1 => format!("{} before", format::duration(gap)),
        -1 => format!("{} after", format::duration(gap)),
        _ => "at the same time as".to_owned(),
    };
    let doubt = if gap.is_negative() { "; one of the clocks is wrong" } else { "" };
    let clock = match evidence.facts.created_at {
        Some(_) => "by its recorder's clock",
        None => "according to the app",
    };
    let message = format!("{clock}, recorded {when} {what}{doubt}");
    Verdict::new(test, outcome, message)
}

/// Compares the recording time with the report's start and deadline. A late recording is only a
/// warning: late reports are filmed late, and rejected ones again.
pub(super) fn within_window(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let test = PlausibilityTest::RecordedInWindow;
    let Some(recording) = Span::of_recording(evidence) else { return unknown(test) };
    if evidence.window.starts_at.is_none() && evidence.window.due_at.is_none() {
        return Verdict::absent(test, "the report has neither a first day nor a deadline");
    }
    let window = Span {
        from: evidence.window.starts_at.unwrap_or(Timestamp::MIN),
        to: evidence.window.due_at.unwrap_or(Timestamp::MAX),
    };
    let gap = recording.gap_to(window);
    if gap.is_positive() {
        let outcome = Outcome::of(&gap, &SignedDuration::ZERO, &config.window_slack);
        let (early, first) = (format::duration(gap), format::timestamp(window.from));
        let message = format!("recorded {early} before the start of the report, {first}");
        return Verdict::new(test, outcome, message);
    }
    if gap.is_negative() {
        let (late, due) = (format::duration(gap), format::timestamp(window.to));
        let message = format!("recorded {late} after the report's deadline, {due}");
        return Verdict::new(test, Outcome::Warn, message);
    }
    Verdict::new(test, Outcome::Pass, "recorded within the time of the report")
}

fn unknown(test: PlausibilityTest) -> Verdict {
    Verdict::absent(test, "neither the file nor the app states when it was recorded")
}

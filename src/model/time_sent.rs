//! `time_sent`: the time at which the driver says the report was sent.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const MAX_TEXT_LENGTH: usize = 64;

/// `time_sent` as text and as a timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSent {
    /// The text that the phone sent, trimmed.
    pub raw: String,
    pub at: Timestamp,
}

/// The text is not a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time: write yyyy-mm-dd hh:mm:ss")]
pub struct TimeSentError;

impl TimeSent {
    /// Parses `yyyy-mm-dd hh:mm:ss`, optionally with a `T`, fractions, `Z` or an offset, also where a
    /// form decoded the `+` of the offset as a space. Without an offset the time is local to `zone`
    /// (Q13).
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, TimeSentError> {
        let raw = text.trim();
        if raw.len() > MAX_TEXT_LENGTH {
            return Err(TimeSentError);
        }
        let at = timestamp(raw, zone)
            .or_else(|| timestamp(&with_plus_restored(raw), zone))
            .ok_or(TimeSentError)?;
        Ok(Self { raw: raw.to_owned(), at })
    }
}

fn timestamp(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    // jiff would read a date alone as midnight.
    if !text.contains(':') {
        return None;
    }
    let civil: DateTime = text.parse().ok()?;
    zone.to_timestamp(civil).ok()
}

/// Undoes form encoding: `2026-05-13 10:00:00 05:00` had a plus before its offset,
/// `2026-05-13+10:00:00` a space before its time.
fn with_plus_restored(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((head, tail)) if head.contains(':') => format!("{head}+{tail}"),
        _ => text.replacen('+', " ", 1),
    }
}

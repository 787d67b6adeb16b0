//! When the driver says the report was sent (Q13, Q14).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The longest text of a date that is looked at.
const TEXT_LIMIT: usize = 64;

/// `time_sent`, as written and as understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSent {
    /// The text the phone sent.
    pub raw: String,
    /// The moment it names.
    pub at: Timestamp,
}

/// The text is not a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time: write yyyy-mm-dd hh:mm:ss")]
pub struct SentError;

impl TimeSent {
    /// Reads `yyyy-mm-dd hh:mm:ss`; a `T`, fractions, `Z` or an offset are fine, and so is a `+`
    /// that a form turned into a blank. Without an offset the time is that of `zone`.
    ///
    /// # Errors
    /// When the text is no such date.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, SentError> {
        let raw = text.trim();
        if raw.len() > TEXT_LIMIT {
            return Err(SentError);
        }
        let at =
            moment(raw, zone).or_else(|| moment(&plus_restored(raw), zone)).ok_or(SentError)?;
        Ok(Self { raw: raw.to_owned(), at })
    }
}

fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    // A date alone is not enough: the document asks for the time too.
    if !text.contains(':') {
        return None;
    }
    let civil: DateTime = text.parse().ok()?;
    zone.to_timestamp(civil).ok()
}

/// `2026-05-13 10:00:00 05:00` and `2026-05-13+10:00:00` had a plus where the blank is, or the
/// other way round.
fn plus_restored(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((head, tail)) if head.contains(':') => format!("{head}+{tail}"),
        _ => text.replacen('+', " ", 1),
    }
}

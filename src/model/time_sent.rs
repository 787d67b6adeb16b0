//! `time_sent`: the time at which the driver says the report was sent.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// JavaScript adds the name of the zone in the language of the phone.
const MAX_TEXT_LENGTH: usize = 160;

/// How JavaScript, and Java with each name of a zone, print a date with its zone.
const WITH_ZONE: [&str; 3] =
    ["%a %b %d %Y %H:%M:%S GMT%z", "%a %b %d %H:%M:%S GMT%:z %Y", "%a %b %d %H:%M:%S %z %Y"];

/// How phones with a Russian locale print a date.
const WITHOUT_ZONE: [&str; 2] = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y, %H:%M:%S"];

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
    /// Parses `yyyy-mm-dd hh:mm:ss`, optionally with a `T`, fractions, `Z` or an offset, and the texts
    /// into which Swift, Java, Ruby, JavaScript and PHP convert a date. A form may have decoded the `+`
    /// of an offset as a space. Without an offset the time is local to `zone` (Q13).
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, TimeSentError> {
        let raw = text.trim();
        if raw.len() > MAX_TEXT_LENGTH {
            return Err(TimeSentError);
        }
        let text = without_zone_name(raw);
        let at = timestamp(text, zone)
            .or_else(|| timestamp(&with_plus_restored(text), zone))
            .ok_or(TimeSentError)?;
        Ok(Self { raw: raw.to_owned(), at })
    }
}

fn timestamp(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    // jiff would read a date alone as midnight.
    if !text.contains(':') {
        return None;
    }
    if let Ok(at) = rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    let text = with_numeric_zone(text);
    let printed = || WITH_ZONE.iter().find_map(|format| Timestamp::strptime(format, &text).ok());
    let exact = text.parse().ok();
    exact.or_else(printed).or_else(|| zone.to_timestamp(civil(&text)?).ok())
}

fn civil(text: &str) -> Option<DateTime> {
    let printed = || {
        let parsed = WITHOUT_ZONE.iter().find_map(|format| strtime::parse(format, text).ok());
        parsed?.to_datetime().ok()
    };
    text.parse().ok().or_else(printed)
}

/// Without the name of the zone that follows an offset: `(Kazakhstan Time)`, `[Asia/Almaty]`.
fn without_zone_name(text: &str) -> &str {
    let is_named = text.ends_with([')', ']']);
    let start = text.find(['(', '[']).filter(|_| is_named);
    start.map_or(text, |start| text[..start].trim_end())
}

/// With an offset directly after the time (`10:00:00 +0500`), and for a zone without one
/// (`05:00:00 UTC`).
fn with_numeric_zone(text: &str) -> String {
    let text = ["UTC", "GMT", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .map_or_else(|| text.to_owned(), |time| format!("{}+00:00", time.trim_end()));
    let text = text.replace(" UTC ", " +0000 ").replace(" GMT ", " +0000 ");
    match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains('-') && offset.starts_with(['+', '-']) => {
            format!("{}{offset}", time.trim_end())
        }
        _ => text,
    }
}

/// Undoes form encoding: `2026-05-13 10:00:00 05:00` had a plus before its offset,
/// `2026-05-13+10:00:00` a space before its time.
fn with_plus_restored(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((head, tail)) if head.contains(':') => format!("{head}+{tail}"),
        _ => text.replacen('+', " ", 1),
    }
}

//! The place that the driver's phone states.

use serde::{Deserialize, Serialize};

/// The units in one degree; one of them is about a millimetre.
const ONE_DEGREE: i64 = 100_000_000;

/// A point in units of 10⁻⁸ degrees: exactly the `decimal(10,8)` and `decimal(11,8)` of the API (Q15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees north × 10⁸.
    pub lat_e8: i64,
    /// Degrees east × 10⁸.
    pub long_e8: i64,
}

/// The text is not a coordinate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not digits with at most one point or comma.
    #[error("not a decimal number of degrees, such as 43.23889")]
    Unreadable,
    #[error("must be between -{0} and {0} degrees")]
    OutOfRange(i64),
}

impl Place {
    /// Parses a latitude in 10⁻⁸ degrees: ±90, with a decimal point or comma; more than eight decimals
    /// are rounded.
    pub fn parse_lat(text: &str) -> Result<i64, PlaceError> {
        degrees(text, 90)
    }

    /// Parses a longitude: ±180, otherwise as [`Place::parse_lat`].
    pub fn parse_long(text: &str) -> Result<i64, PlaceError> {
        degrees(text, 180)
    }

    /// Degrees north.
    pub fn lat(self) -> f64 {
        to_degrees(self.lat_e8)
    }

    /// Degrees east.
    pub fn long(self) -> f64 {
        to_degrees(self.long_e8)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 1.8e10: exact in an f64")]
fn to_degrees(e8: i64) -> f64 {
    e8 as f64 / ONE_DEGREE as f64
}

fn degrees(text: &str, limit: i64) -> Result<i64, PlaceError> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let magnitude = scaled(whole, fraction).ok_or(PlaceError::Unreadable)?;
    if magnitude > limit * ONE_DEGREE {
        return Err(PlaceError::OutOfRange(limit));
    }
    Ok(if negative { -magnitude } else { magnitude })
}

/// `whole.fraction` × 10⁸, rounded half up; `None` if there is anything but digits.
fn scaled(whole: &str, fraction: &str) -> Option<i64> {
    let plain = |text: &str| text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    // The ninth decimal is for rounding. A number that does not fit an `i64` is out of range.
    let digits = format!("{whole}{fraction:0<9.9}");
    let value: i64 = digits.parse().unwrap_or(i64::MAX - 5);
    Some((value + 5) / 10)
}

//! The filters in the path of a list.

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};

use crate::model::{ReportStatus, VehicleGuid};

/// The spellings of "no filter" (Q22), in lower case.
const NO_FILTER: [&str; 7] = ["", "null", "nil", "undefined", "all", "0", "-"];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filters {
    pub status: Option<ReportStatus>,
    pub range: Option<DateRange>,
    pub vehicle: Option<VehicleGuid>,
}

/// How far back the period of a report may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRange {
    Week,
    Month,
    HalfYear,
    Year,
}

/// A filter with an invalid value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {rule}")]
pub struct FilterError {
    pub name: &'static str,
    /// What a valid value is, as "must be …".
    pub rule: &'static str,
}

impl Filters {
    /// Parses percent-encoded path segments in the order of `names`; the last ones may be missing.
    /// Returns `None` if there are more segments than names, apart from empty ones after a final slash.
    pub fn parse(path: &str, names: &[&'static str]) -> Result<Option<Self>, FilterError> {
        let mut filters = Self::default();
        for (at, segment) in path.split('/').enumerate() {
            match names.get(at) {
                Some(name) => filters.set(name, segment)?,
                None if segment.is_empty() => {}
                None => return Ok(None),
            }
        }
        Ok(Some(filters))
    }

    fn set(&mut self, name: &'static str, segment: &str) -> Result<(), FilterError> {
        let invalid = |rule| FilterError { name, rule };
        let text = percent_decode(segment).ok_or_else(|| invalid("must be UTF-8"))?;
        let text = text.trim();
        if means_no_filter(text) {
            return Ok(());
        }
        match name {
            "status_code" => {
                let code = text.parse().ok().and_then(|code: i64| code.try_into().ok());
                self.status = Some(code.ok_or_else(|| invalid("must be 1, 2, 3 or 4"))?);
            }
            "date_range_code" => {
                self.range = Some(text.parse().map_err(|()| invalid("must be 1w, 1m, 6m or 1y"))?);
            }
            _ => {
                let vehicle = text.parse().map_err(|_| invalid("must be the GUID of a vehicle"));
                self.vehicle = Some(vehicle?);
            }
        }
        Ok(())
    }
}

impl DateRange {
    /// The start of the range, by the calendar of `zone`.
    pub fn since(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let back = now.to_zoned_datetime(zone.clone()).checked_sub(self.span());
        back.map_or(Timestamp::MIN, |back| back.timestamp())
    }

    fn span(self) -> Span {
        match self {
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            Self::HalfYear => 6.months(),
            Self::Year => 1.year(),
        }
    }
}

impl FromStr for DateRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "1w" => Ok(Self::Week),
            "1m" => Ok(Self::Month),
            "6m" => Ok(Self::HalfYear),
            "1y" => Ok(Self::Year),
            _ => Err(()),
        }
    }
}

pub fn means_no_filter(text: &str) -> bool {
    NO_FILTER.contains(&text.trim().to_ascii_lowercase().as_str())
}

/// Decodes a path segment; `None` if it is not valid percent-encoded UTF-8.
pub fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        bytes.extend(hex::decode(digits).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

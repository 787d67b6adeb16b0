//! What a list is filtered by, in every spelling (Q22, Q39).

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};

use crate::model::{ReportStatus, VehicleGuid};

/// What clients write where they mean "no filter", in lower case.
const NOTHING: [&str; 7] = ["", "null", "nil", "undefined", "all", "0", "-"];

/// What a list is filtered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filters {
    /// Reports in this state only.
    pub status: Option<ReportStatus>,
    /// Reports of this time only.
    pub range: Option<DateRange>,
    /// Reports of this vehicle only.
    pub vehicle: Option<VehicleGuid>,
}

/// How far back a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRange {
    /// `1w`
    Week,
    /// `1m`
    Month,
    /// `6m`
    HalfYear,
    /// `1y`
    Year,
}

/// A filter that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct FilterError {
    /// Which parameter.
    pub name: &'static str,
    /// What it may be.
    pub why: &'static str,
}

impl Filters {
    /// Reads the segments of a path, as they stand there: percent-encoded, any may be missing. More
    /// segments than names are not taken, unless they are empty (a slash at the end).
    ///
    /// # Errors
    /// When a filter cannot be; `None` when there are too many.
    pub fn read(path: &str, names: &[&'static str]) -> Result<Option<Self>, FilterError> {
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
        let wrong = |why| FilterError { name, why };
        let text = decoded(segment).ok_or_else(|| wrong("is not UTF-8"))?;
        let text = text.trim();
        if means_nothing(text) {
            return Ok(());
        }
        match name {
            "status_code" => {
                let code = text.parse().ok().and_then(|code: i64| code.try_into().ok());
                self.status = Some(code.ok_or_else(|| wrong("is one of 1, 2, 3, 4"))?);
            }
            "date_range_code" => {
                self.range = Some(text.parse().map_err(|()| wrong("is one of 1w, 1m, 6m, 1y"))?);
            }
            _ => self.vehicle = Some(text.parse().map_err(|_| wrong("is a vehicle's GUID"))?),
        }
        Ok(())
    }
}

impl DateRange {
    /// The moment this range goes back to, on the calendar of `zone` (Q23).
    #[must_use]
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

/// Whether a client means "no filter" by this (Q22).
#[must_use]
pub fn means_nothing(text: &str) -> bool {
    NOTHING.contains(&text.trim().to_ascii_lowercase().as_str())
}

/// A path's segment as it was meant; `None` when it is not UTF-8 or not percent-encoded rightly.
#[must_use]
pub fn decoded(segment: &str) -> Option<String> {
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

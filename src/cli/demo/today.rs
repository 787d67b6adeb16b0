//! The day it is: what the dates of a house are counted from.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The days reports are counted from.
pub(super) struct Today {
    date: Date,
    zone: TimeZone,
}

impl Today {
    /// The day it is in `zone`.
    pub(super) fn new(now: Timestamp, zone: &TimeZone) -> Self {
        Self { date: now.to_zoned_datetime(zone.clone()).date(), zone: zone.clone() }
    }

    /// Its zone.
    pub(super) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Midnight so many days from today.
    pub(super) fn plus(&self, days: i64) -> anyhow::Result<Timestamp> {
        let day = self.date.checked_add(days.days())?;
        Ok(day.to_zoned_datetime(self.zone.clone())?.timestamp())
    }
}

//! Filters of the queue, and what they mean now.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};

use crate::database::{DueRange, FacetRow, QueueQuery, SearchKeys};
use crate::model::plausibility::Outcome;
use crate::model::{CompanyId, ReportStatus, TypeCode, VideoCodec, word_enum};

word_enum! {
    /// How near the deadline is, by the calendar of the business zone.
    Deadline {
        Passed = "passed",
        Today = "today",
        /// Within the three days after today.
        Soon = "soon",
        Later = "later",
    }
}

/// The days of [`Deadline::Soon`].
const SOON_DAYS: i64 = 3;

/// Which reports the queue shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// `None`: submitted ones; of a search, any.
    pub status: Option<ReportStatus>,
    pub company: Option<CompanyId>,
    pub vehicle_type: Option<TypeCode>,
    pub deadline: Option<Deadline>,
    /// The most severe verdict.
    pub outcome: Option<Outcome>,
    pub codec: Option<VideoCodec>,
    /// As typed; empty: none.
    pub search: String,
}

/// The ends of the deadlines' ranges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    now: Timestamp,
    /// The end of today; a report that is due at the end of today is due then.
    tomorrow: Timestamp,
    /// The end of the days after today that are soon.
    later: Timestamp,
}

impl Calendar {
    pub(super) fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let day = now.to_zoned_datetime(zone.clone()).start_of_day();
        let end_of = |days: i64| {
            let later = day.as_ref().ok().and_then(|day| day.checked_add(days.days()).ok());
            later.as_ref().map_or(now, ZonedDateTime::timestamp)
        };
        Self { now, tomorrow: end_of(1), later: end_of(1 + SOON_DAYS) }
    }

    pub(super) fn range(self, deadline: Deadline) -> DueRange {
        let (after, until) = match deadline {
            Deadline::Passed => (None, Some(self.now)),
            Deadline::Today => (Some(self.now), Some(self.tomorrow)),
            Deadline::Soon => (Some(self.tomorrow), Some(self.later)),
            Deadline::Later => (Some(self.later), None),
        };
        DueRange { after, until }
    }
}

impl QueueFilter {
    pub(super) fn has_search(&self) -> bool {
        !self.search.trim().is_empty()
    }

    /// The query for a reviewer who sees `scope`, one company or all. `None` if nothing can match.
    pub(super) fn query(&self, scope: Option<CompanyId>, calendar: Calendar) -> Option<QueueQuery> {
        let company = match (scope, self.company) {
            (Some(own), Some(other)) if own != other => return None,
            (own, other) => own.or(other),
        };
        let (search, status) = if self.has_search() {
            (Some(SearchKeys::of(&self.search)?), self.status)
        } else {
            (None, Some(self.status.unwrap_or(ReportStatus::Submitted)))
        };
        Some(QueueQuery {
            company,
            status,
            vehicle_type: self.vehicle_type,
            due: self.deadline.map(|deadline| calendar.range(deadline)).unwrap_or_default(),
            outcome: self.outcome,
            codec: self.codec,
            search,
        })
    }

    /// Whether the filters let a report through that the search has found.
    pub(super) fn lets_through(&self, row: &FacetRow, calendar: Calendar) -> bool {
        self.status.is_none_or(|status| status == row.status)
            && self.vehicle_type.is_none_or(|code| Some(code) == row.vehicle_type)
            && self.deadline.is_none_or(|deadline| calendar.range(deadline).contains(row.due_at))
            && self.outcome.is_none_or(|outcome| Some(outcome) == row.outcome)
            && self.codec.is_none_or(|codec| Some(codec) == row.codec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NEVER_DUE;

    #[test]
    fn every_deadline_is_in_one_range_of_the_business_zone() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let calendar = Calendar::at(at("2026-11-27T16:00:00+05:00"), &zone);
        let of = |due_at: Timestamp| {
            let found: Vec<_> = Deadline::ALL
                .into_iter()
                .filter(|deadline| calendar.range(*deadline).contains(due_at))
                .collect();
            assert_eq!(found.len(), 1, "{due_at}");
            found[0]
        };
        for (due_at, expected) in [
            ("2026-11-27T16:00:00+05:00", Deadline::Passed),
            ("2026-11-27T16:00:01+05:00", Deadline::Today),
            ("2026-11-28T00:00:00+05:00", Deadline::Today),
            ("2026-11-28T00:00:01+05:00", Deadline::Soon),
            ("2026-12-01T00:00:00+05:00", Deadline::Soon),
            ("2026-12-01T00:00:01+05:00", Deadline::Later),
        ] {
            assert_eq!(of(at(due_at)), expected, "{due_at}");
        }
        assert_eq!(of(NEVER_DUE), Deadline::Later);
    }

    #[test]
    fn a_filter_by_another_company_or_a_search_for_nothing_matches_nothing() {
        let zone = TimeZone::UTC;
        let calendar = Calendar::at(Timestamp::UNIX_EPOCH, &zone);
        let foreign = QueueFilter { company: Some(CompanyId(7)), ..QueueFilter::default() };
        assert!(foreign.query(Some(CompanyId(8)), calendar).is_none());
        assert!(foreign.query(None, calendar).is_some());
        let nothing = QueueFilter { search: "№".to_owned(), ..QueueFilter::default() };
        assert!(nothing.query(None, calendar).is_none());
        let blank = QueueFilter { search: " ".to_owned(), ..QueueFilter::default() };
        let query = blank.query(None, calendar).unwrap();
        assert_eq!((query.status, query.search), (Some(ReportStatus::Submitted), None));
    }
}

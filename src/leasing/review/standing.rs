//! Counts of the queue, the position of a report, and the report to open next.

use crate::database::{FacetRow, QueueQuery, TypeChoice};
use crate::model::plausibility::Outcome;
use crate::model::{RefKey, ReportStatus, VideoCodec};

use super::filter::{Deadline, QueueFilter};
use super::service::{Review, ReviewError, Reviewer};

/// Counting ends here: "1,000+" says enough, and costs the same however many there are.
const MOST_COUNTED: u32 = 1_000;

const STATUSES: [ReportStatus; 4] = [
    ReportStatus::Submitted,
    ReportStatus::AwaitingVideo,
    ReportStatus::Rejected,
    ReportStatus::Approved,
];
/// The most severe one first.
const OUTCOMES: [Outcome; 4] = [Outcome::Fail, Outcome::Warn, Outcome::Absent, Outcome::Pass];

/// A number of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// At most 1,000.
    pub number: u32,
    /// Whether there are more.
    pub is_capped: bool,
}

/// How many reports each value of each filter would show, the other filters staying as they are.
#[derive(Debug, Clone, Default)]
pub struct QueueCounts {
    pub statuses: Vec<(ReportStatus, Count)>,
    pub deadlines: Vec<(Deadline, Count)>,
    pub outcomes: Vec<(Outcome, Count)>,
    pub codecs: Vec<(VideoCodec, Count)>,
    pub types: Vec<(TypeChoice, Count)>,
}

/// Where a report stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The first one has 1.
    pub number: Count,
    pub total: Count,
}

impl Count {
    fn of(counted: i64) -> Self {
        let counted = u32::try_from(counted).unwrap_or(0);
        Self { number: counted.min(MOST_COUNTED), is_capped: counted > MOST_COUNTED }
    }
}

impl Review {
    /// How many reports the queue has.
    pub async fn total(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
    ) -> Result<Count, ReviewError> {
        let counts = self.count(reviewer, std::slice::from_ref(filter)).await?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    pub async fn counts(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
    ) -> Result<QueueCounts, ReviewError> {
        let types = self.vehicle_types().await?;
        let filters = variants(filter, &types);
        let counts = if filter.has_search() {
            self.count_hits(reviewer, filter, &filters).await?
        } else {
            self.count(reviewer, &filters).await?
        };
        Ok(QueueCounts::of(types, &counts))
    }

    /// The counts of several queues, in their order.
    async fn count(
        &self,
        reviewer: &Reviewer,
        filters: &[QueueFilter],
    ) -> Result<Vec<Count>, ReviewError> {
        let calendar = self.calendar();
        let queries: Vec<_> =
            filters.iter().map(|filter| filter.query(reviewer.scope, calendar)).collect();
        let possible: Vec<QueueQuery> = queries.iter().flatten().cloned().collect();
        let limit = i64::from(MOST_COUNTED) + 1;
        let mut counted = self.database.count_queues(&possible, limit).await?.into_iter();
        let count = |query: &Option<QueueQuery>| {
            let reports = query.as_ref().and_then(|_| counted.next());
            Count::of(reports.unwrap_or(0))
        };
        Ok(queries.iter().map(count).collect())
    }

    /// As [`Self::count`]. A search finds few reports, so they are read once.
    async fn count_hits(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
        filters: &[QueueFilter],
    ) -> Result<Vec<Count>, ReviewError> {
        let calendar = self.calendar();
        let found = QueueFilter {
            search: filter.search.clone(),
            company: filter.company,
            ..QueueFilter::default()
        };
        let rows: Vec<FacetRow> = match found.query(reviewer.scope, calendar) {
            Some(query) => self.database.facet_rows(&query).await?,
            None => Vec::new(),
        };
        let count = |filter: &QueueFilter| {
            let matching = rows.iter().filter(|row| filter.lets_through(row, calendar)).count();
            Count::of(i64::try_from(matching).unwrap_or(i64::MAX))
        };
        Ok(filters.iter().map(count).collect())
    }

    /// `None` if the report is not in the queue.
    pub async fn position(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
        ref_key: RefKey,
    ) -> Result<Option<Position>, ReviewError> {
        let Some(query) = filter.query(reviewer.scope, self.calendar()) else { return Ok(None) };
        let cursor = self.database.queue_cursor(reviewer.scope, ref_key).await?;
        let Some(cursor) = cursor else { return Ok(None) };
        let limit = i64::from(MOST_COUNTED);
        let before = self.database.reports_before(&query, &cursor, limit).await?;
        let Some(before) = before else { return Ok(None) };
        let total = self.total(reviewer, filter).await?;
        Ok(Some(Position { number: Count::of(before + 1), total }))
    }

    /// The report after `after` in the queue, at its end from its beginning. Skipped are `after` itself,
    /// reports that others have claimed, and those with a pending decision. `None`: there is no other.
    pub async fn next(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
        after: Option<RefKey>,
    ) -> Result<Option<RefKey>, ReviewError> {
        let Some(query) = filter.query(reviewer.scope, self.calendar()) else { return Ok(None) };
        let cursor = match after {
            Some(ref_key) => self.database.queue_cursor(reviewer.scope, ref_key).await?,
            None => None,
        };
        let (person, now) = (reviewer.person.id, self.clock.now());
        let next = |from| self.database.next_in_queue(&query, person, from, after, now);
        if let Some(cursor) = &cursor
            && let Some(found) = next(Some(cursor)).await?
        {
            return Ok(Some(found));
        }
        Ok(next(None).await?)
    }
}

/// The filters whose counts are shown, in the order in which [`QueueCounts::of`] reads them.
fn variants(filter: &QueueFilter, types: &[TypeChoice]) -> Vec<QueueFilter> {
    let with = || filter.clone();
    let statuses = STATUSES.iter().map(|value| QueueFilter { status: Some(*value), ..with() });
    let deadlines =
        Deadline::ALL.iter().map(|value| QueueFilter { deadline: Some(*value), ..with() });
    let outcomes = OUTCOMES.iter().map(|value| QueueFilter { outcome: Some(*value), ..with() });
    let codecs = VideoCodec::ALL.iter().map(|value| QueueFilter { codec: Some(*value), ..with() });
    let types = types.iter().map(|value| QueueFilter { vehicle_type: Some(value.code), ..with() });
    statuses.chain(deadlines).chain(outcomes).chain(codecs).chain(types).collect()
}

impl QueueCounts {
    fn of(types: Vec<TypeChoice>, counts: &[Count]) -> Self {
        let mut counts = counts.iter().copied();
        Self {
            statuses: STATUSES.into_iter().zip(counts.by_ref()).collect(),
            deadlines: Deadline::ALL.into_iter().zip(counts.by_ref()).collect(),
            outcomes: OUTCOMES.into_iter().zip(counts.by_ref()).collect(),
            codecs: VideoCodec::ALL.into_iter().zip(counts.by_ref()).collect(),
            types: types.into_iter().zip(counts).collect(),
        }
    }
}

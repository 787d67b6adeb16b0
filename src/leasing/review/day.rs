//! The decisions of a day, with their numbers.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::database::{DayCursor, DayDecision, DayQuery, DayRow, DecisionState};
use crate::model::{Decision, PersonId};

use super::service::{Review, ReviewError, Reviewer};

/// Rows of a page.
const PAGE: i64 = 200;
/// Decisions that the numbers of a day count at most: those of twenty reviewers at sixty an hour.
const MOST_COUNTED: i64 = 10_000;
/// A longer gap between two decisions of a reviewer is a break.
const BREAK: SignedDuration = SignedDuration::from_mins(10);
/// Least working time for which a pace is stated: a few quick decisions are not enough.
const MIN_WORKED: SignedDuration = SignedDuration::from_mins(2);

/// Whose decisions a day shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOf {
    Mine,
    /// Of everybody who reviews the reports that the reviewer sees.
    Everybody,
}

/// A page of the decisions of a day, latest first, and the numbers of the whole day.
#[derive(Debug, Clone)]
pub struct Day {
    pub rows: Vec<DayRow>,
    /// Pending and void ones count too: this is what reviewers did.
    pub approved: u64,
    pub rejected: u64,
    pub undone: u64,
    /// Decisions an hour of one reviewer, breaks left out.
    pub per_hour: Option<u64>,
    pub next: Option<DayCursor>,
}

impl Review {
    /// The decisions of a day of the business zone.
    pub async fn day(
        &self,
        reviewer: &Reviewer,
        date: Date,
        whose: DayOf,
        after: Option<DayCursor>,
    ) -> Result<Day, ReviewError> {
        let (since, until) = self.span_of(date);
        let person = (whose == DayOf::Mine).then_some(reviewer.person.id);
        let query = DayQuery { since, until, company: reviewer.scope, person };
        let mut rows = self.database.day_page(&query, after, PAGE + 1).await?;
        let all = self.database.day_decisions(&query, MOST_COUNTED).await?;
        let page = usize::try_from(PAGE).unwrap_or_default();
        let goes_on = rows.len() > page;
        rows.truncate(page);
        let next = rows.last().filter(|_| goes_on).map(cursor);
        let count = |decision| {
            let made =
                |it: &&DayDecision| it.decision == decision && it.state != DecisionState::Undone;
            all.iter().filter(made).count() as u64
        };
        let undone = all.iter().filter(|it| it.state == DecisionState::Undone).count() as u64;
        let (approved, rejected) = (count(Decision::Approve), count(Decision::Reject));
        Ok(Day { rows, approved, rejected, undone, per_hour: pace(&all), next })
    }

    /// The first moment of a day, and that of the next day.
    fn span_of(&self, date: Date) -> (Timestamp, Timestamp) {
        let start_of = |date: Date| {
            let midnight = date.at(0, 0, 0, 0).to_zoned_datetime(self.zone.clone());
            midnight.map_or(Timestamp::MAX, |start| start.timestamp())
        };
        (start_of(date), date.checked_add(1.day()).map_or(Timestamp::MAX, start_of))
    }
}

fn cursor(row: &DayRow) -> DayCursor {
    DayCursor { at: row.decision.created_at.as_microsecond(), id: row.decision.id }
}

/// Decisions an hour of one reviewer while working; `None` if there are too few to tell. `all` is latest
/// first.
fn pace(all: &[DayDecision]) -> Option<u64> {
    let mut later: BTreeMap<PersonId, Timestamp> = BTreeMap::new();
    let (mut gaps, mut worked) = (0_i64, SignedDuration::ZERO);
    for decision in all.iter().filter(|decision| decision.state != DecisionState::Undone) {
        let Some(after) = later.insert(decision.person, decision.created_at) else { continue };
        let gap = after.duration_since(decision.created_at);
        if gap <= BREAK {
            gaps += 1;
            worked += gap;
        }
    }
    (worked >= MIN_WORKED).then(|| u64::try_from(gaps * 3_600 / worked.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decisions(of: &[(i64, i64)]) -> Vec<DayDecision> {
        let start = Timestamp::UNIX_EPOCH;
        let one = |(person, seconds): &(i64, i64)| DayDecision {
            person: PersonId(*person),
            created_at: start + SignedDuration::from_secs(*seconds),
            decision: Decision::Approve,
            state: DecisionState::Effective,
        };
        let mut all: Vec<_> = of.iter().map(one).collect();
        all.sort_by_key(|decision| std::cmp::Reverse(decision.created_at));
        all
    }

    #[test]
    fn the_pace_is_that_of_one_reviewer_without_breaks() {
        assert_eq!(pace(&decisions(&[])), None);
        assert_eq!(pace(&decisions(&[(1, 0)])), None);
        assert_eq!(pace(&decisions(&[(1, 0), (1, 2), (1, 4)])), None, "too short to tell");
        assert_eq!(pace(&decisions(&[(1, 0), (1, 60), (1, 120)])), Some(60));
        assert_eq!(pace(&decisions(&[(1, 0), (1, 60), (1, 9_000), (1, 9_060)])), Some(60));
        assert_eq!(pace(&decisions(&[(1, 0), (2, 30), (1, 60), (2, 90)])), Some(60));
    }
}

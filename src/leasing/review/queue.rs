//! Pages of the queue.

use crate::database::{CompanyChoice, PageAt, QueueCursor, QueueQuery, QueueRow, TypeChoice};
use crate::model::search_key::in_other_layout;

use super::filter::QueueFilter;
use super::service::{Review, ReviewError, Reviewer};

/// Companies of a list of choices. Further ones are found by search.
const MAX_COMPANIES: u32 = 1_000;
/// A lessor has about a dozen.
pub(super) const MAX_TYPES: u32 = 50;

/// A page of the queue, in its order.
#[derive(Debug, Clone)]
pub struct QueuePage {
    pub rows: Vec<QueueRow>,
    /// The page before this one ends before this place.
    pub previous: Option<QueueCursor>,
    /// The page after this one begins after this place.
    pub next: Option<QueueCursor>,
    /// The search in the other keyboard layout, if only that one finds reports. Further pages and positions
    /// need it instead of what was typed.
    pub swapped: Option<String>,
}

impl Review {
    /// A page of at most `limit` rows, or of as many as the settings say.
    pub async fn queue(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
        at: PageAt,
        limit: Option<u16>,
    ) -> Result<QueuePage, ReviewError> {
        let page = self.page(reviewer, filter, at, limit).await?;
        if !page.rows.is_empty() || !filter.has_search() || at != PageAt::First {
            return Ok(page);
        }
        let Some(text) = in_other_layout(&filter.search) else { return Ok(page) };
        let swapped = QueueFilter { search: text.clone(), ..filter.clone() };
        let other = self.page(reviewer, &swapped, at, limit).await?;
        Ok(if other.rows.is_empty() { page } else { QueuePage { swapped: Some(text), ..other } })
    }

    async fn page(
        &self,
        reviewer: &Reviewer,
        filter: &QueueFilter,
        at: PageAt,
        limit: Option<u16>,
    ) -> Result<QueuePage, ReviewError> {
        let limit = limit.unwrap_or(self.config.page).clamp(1, self.config.max_page);
        let rows = match filter.query(reviewer.scope, self.calendar()) {
            Some(query) => self.rows(&query, at, limit).await?,
            None => Vec::new(),
        };
        Ok(QueuePage::of(rows, at, limit))
    }

    /// One row more than the limit shows whether the queue goes on.
    async fn rows(
        &self,
        query: &QueueQuery,
        at: PageAt,
        limit: u16,
    ) -> Result<Vec<QueueRow>, ReviewError> {
        let now = self.clock.now();
        Ok(self.database.queue_page(query, at, i64::from(limit) + 1, now).await?)
    }

    /// The companies that the queue can be filtered by, by name.
    pub async fn companies(&self, reviewer: &Reviewer) -> Result<Vec<CompanyChoice>, ReviewError> {
        Ok(self.database.company_choices(reviewer.scope, MAX_COMPANIES).await?)
    }

    /// The vehicle types that the queue can be filtered by, by title.
    pub async fn vehicle_types(&self) -> Result<Vec<TypeChoice>, ReviewError> {
        Ok(self.database.type_choices(MAX_TYPES).await?)
    }
}

impl QueuePage {
    /// `rows` has one row more than `limit` if there are more in the direction that was read.
    fn of(mut rows: Vec<QueueRow>, at: PageAt, limit: u16) -> Self {
        let limit = usize::from(limit);
        let goes_on = rows.len() > limit;
        let is_backward = matches!(at, PageAt::Before(_));
        if is_backward {
            rows.drain(..rows.len().saturating_sub(limit));
        } else {
            rows.truncate(limit);
        }
        let (has_previous, has_next) = match at {
            PageAt::First => (false, goes_on),
            PageAt::After(_) => (true, goes_on),
            PageAt::Before(_) => (goes_on, true),
        };
        let cursor = |row: Option<&QueueRow>| row.map(QueueRow::cursor);
        let previous = cursor(rows.first()).filter(|_| has_previous);
        let next = cursor(rows.last()).filter(|_| has_next);
        Self { rows, previous, next, swapped: None }
    }
}

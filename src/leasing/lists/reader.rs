//! Reads a list of reports or vehicles page by page.

use jiff::Timestamp;

use super::cursor::Cursor;
use super::filters::{DateRange, Filters};
use super::service::{ListError, Lists, Viewer};
use crate::database::{Block, ListedReport, PageCursor, ReportFilter};
use crate::model::TypeCode;

#[derive(Debug, Clone, Copy, Default)]
pub struct ListOptions {
    /// One row per vehicle (E7) instead of one per report.
    pub by_vehicle: bool,
    /// `None`: all rows.
    pub limit: Option<u16>,
    /// The last row of the previous page.
    pub after: Option<Cursor>,
    /// Whether nothing can match, so that the database is not queried.
    pub empty: bool,
}

/// A list that is being read.
pub struct ListReader {
    lists: Lists,
    filter: ReportFilter,
    options: ListOptions,
    /// How many rows the limit still allows.
    remaining: Option<i64>,
    block: Block,
    after: Option<PageCursor>,
    /// The last row that was given.
    last: Option<Cursor>,
    /// The block has no more rows.
    ended: bool,
    /// The limit cut the list off.
    truncated: bool,
    types: Vec<TypeCode>,
}

impl Lists {
    pub fn read(&self, viewer: &Viewer, filters: &Filters, options: ListOptions) -> ListReader {
        let now = self.clock.now();
        let since = |range: DateRange| range.since(now, &self.config.time_zone);
        let filter = ReportFilter {
            scope: viewer.scope.clone(),
            status: filters.status,
            ends_after: filters.range.map(since),
            vehicle: filters.vehicle,
            now,
        };
        ListReader {
            lists: self.clone(),
            filter,
            options,
            remaining: options.limit.map(i64::from),
            block: options.after.map_or(Block::Important, |cursor| cursor.block),
            after: options.after.map(|cursor| cursor.page),
            last: None,
            ended: options.empty,
            truncated: false,
            types: Vec::new(),
        }
    }
}

impl ListReader {
    /// The next page of important reports; empty at the end.
    pub async fn important(&mut self) -> Result<Vec<ListedReport>, ListError> {
        if self.block == Block::General { Ok(Vec::new()) } else { self.page().await }
    }

    /// The next page of general reports, which follow the important ones; empty at the end.
    pub async fn general(&mut self) -> Result<Vec<ListedReport>, ListError> {
        if self.block == Block::Important {
            self.block = Block::General;
            self.after = None;
            self.ended = self.truncated || self.options.empty;
        }
        self.page().await
    }

    /// The moment that decides which reports are overdue.
    pub const fn now(&self) -> Timestamp {
        self.filter.now
    }

    /// The vehicle types of the rows so far, in the order of their first row.
    pub fn types(&self) -> &[TypeCode] {
        &self.types
    }

    pub fn add_type(&mut self, code: TypeCode) {
        if !self.types.contains(&code) {
            self.types.push(code);
        }
    }

    pub const fn has_limit(&self) -> bool {
        self.options.limit.is_some()
    }

    /// Where to continue, if the limit cut the list off.
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.last.filter(|_| self.truncated)
    }

    async fn page(&mut self) -> Result<Vec<ListedReport>, ListError> {
        let other_block = self.filter.status.is_some_and(|status| Block::of(status) != self.block);
        if self.ended || other_block {
            return Ok(Vec::new());
        }
        // One row more than the limit allows shows whether the list goes on.
        let page = self.lists.page_size();
        let wanted = self.remaining.map_or(page, |remaining| page.min(remaining + 1));
        let mut rows = self.rows(wanted).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.ended = count < wanted;
        if let Some(remaining) = &mut self.remaining {
            self.truncated = count > *remaining;
            rows.truncate(usize::try_from(*remaining).unwrap_or_default());
            *remaining = (*remaining - count).max(0);
        }
        self.ended |= self.truncated;
        rows.iter().filter_map(|row| row.type_code).for_each(|code| self.add_type(code));
        if let Some(page) = rows.last().map(ListedReport::page_cursor) {
            self.after = Some(page);
            self.last = Some(Cursor { block: self.block, page });
        }
        Ok(rows)
    }

    async fn rows(&self, limit: i64) -> Result<Vec<ListedReport>, ListError> {
        let (database, filter, after) = (&self.lists.database, &self.filter, self.after.as_ref());
        Ok(if self.options.by_vehicle {
            database.vehicle_page(filter, self.block, after, limit).await?
        } else {
            database.report_page(filter, self.block, after, limit).await?
        })
    }
}

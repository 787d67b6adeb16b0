//! A list, read page by page: nothing is loaded that is not shown.

use jiff::Timestamp;

use super::{Cursor, Filters, ListError, Lists, Viewer};
use crate::database::{Block, ListedReport, PageCursor, ReportFilter};
use crate::model::TypeCode;

/// How a list is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ways {
    /// One row for each vehicle (E7) instead of every report.
    pub by_vehicle: bool,
    /// The most rows that are shown; `None`: all.
    pub limit: Option<u16>,
    /// Where it goes on.
    pub after: Option<Cursor>,
    /// Nothing fits the filters, as is known beforehand.
    pub nothing: bool,
}

/// A list under way.
pub struct Reading {
    lists: Lists,
    wanted: ReportFilter,
    ways: Ways,
    left: Option<i64>,
    block: Block,
    after: Option<PageCursor>,
    /// The last row that was shown.
    last: Option<Cursor>,
    ended: bool,
    more: bool,
    seen: Vec<TypeCode>,
}

impl Lists {
    /// Begins to read what the viewer may see of what is wanted.
    #[must_use]
    pub fn read(&self, viewer: &Viewer, filters: &Filters, ways: Ways) -> Reading {
        let now = self.clock.now();
        let since = |range: super::DateRange| range.since(now, &self.config.time_zone);
        let wanted = ReportFilter {
            scope: viewer.scope.clone(),
            status: filters.status,
            ends_after: filters.range.map(since),
            vehicle: filters.vehicle,
            now,
        };
        Reading {
            lists: self.clone(),
            wanted,
            ways,
            left: ways.limit.map(i64::from),
            block: ways.after.map_or(Block::Important, |cursor| cursor.block),
            after: ways.after.map(|cursor| cursor.bookmark),
            last: None,
            ended: ways.nothing,
            more: false,
            seen: Vec::new(),
        }
    }
}

impl Reading {
    /// The next important reports; empty when there are no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn important(&mut self) -> Result<Vec<ListedReport>, ListError> {
        if self.block == Block::General { Ok(Vec::new()) } else { self.page().await }
    }

    /// The next general reports, after all important ones; empty when there are no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn general(&mut self) -> Result<Vec<ListedReport>, ListError> {
        if self.block == Block::Important {
            self.block = Block::General;
            self.after = None;
            self.ended = self.more || self.ways.nothing;
        }
        self.page().await
    }

    /// The moment of this list.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.wanted.now
    }

    /// The types that were shown, in the order in which they were.
    #[must_use]
    pub fn seen(&self) -> &[TypeCode] {
        &self.seen
    }

    /// Counts a type among those that were shown.
    pub fn see(&mut self, code: TypeCode) {
        if !self.seen.contains(&code) {
            self.seen.push(code);
        }
    }

    /// Whether a limit was asked for.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.ways.limit.is_some()
    }

    /// Where the list goes on, when the limit has cut it.
    #[must_use]
    pub fn next(&self) -> Option<Cursor> {
        self.last.filter(|_| self.more)
    }

    async fn page(&mut self) -> Result<Vec<ListedReport>, ListError> {
        let other = self.wanted.status.is_some_and(|status| Block::of(status) != self.block);
        if self.ended || other {
            return Ok(Vec::new());
        }
        // One more than may be shown tells whether there is more.
        let page = self.lists.page();
        let asked = self.left.map_or(page, |left| page.min(left + 1));
        let mut rows = self.rows(asked).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.ended = count < asked;
        if let Some(left) = &mut self.left {
            self.more = count > *left;
            rows.truncate(usize::try_from(*left).unwrap_or_default());
            *left = (*left - count).max(0);
        }
        self.ended |= self.more;
        self.note(&rows);
        Ok(rows)
    }

    async fn rows(&self, limit: i64) -> Result<Vec<ListedReport>, ListError> {
        let (database, wanted, after) = (&self.lists.database, &self.wanted, self.after.as_ref());
        Ok(if self.ways.by_vehicle {
            database.vehicle_page(wanted, self.block, after, limit).await?
        } else {
            database.report_page(wanted, self.block, after, limit).await?
        })
    }

    fn note(&mut self, rows: &[ListedReport]) {
        rows.iter().filter_map(|row| row.type_code).for_each(|code| self.see(code));
        if let Some(row) = rows.last() {
            let bookmark = row.page_cursor();
            self.after = Some(bookmark);
            self.last = Some(Cursor { block: self.block, bookmark });
        }
    }
}

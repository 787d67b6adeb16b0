//! The two blocks of every list, with keyset pagination.
//!
//! A page continues after the last row of the previous one (its [`PageCursor`]), by an index that has
//! the block's order, so that every page costs the same.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;
use crate::model::{RefKey, ReportStatus, TypeCode, VehicleGuid};

use super::scope::Scope;

/// The two blocks of a list (R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Status 1 and 4: reports that wait for a video, by deadline (Q10).
    Important,
    /// Status 2 and 3: reports with a video, latest first.
    General,
}

/// The position of the last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCursor {
    /// `due_at` of important reports, `starts_at` of general ones, in microseconds.
    pub at: i64,
    pub ref_key: RefKey,
}

/// Which reports a list contains.
#[derive(Debug, Clone)]
pub struct ReportFilter {
    pub scope: Scope,
    pub status: Option<ReportStatus>,
    /// Only reports whose period ends after this moment (Q23).
    pub ends_after: Option<Timestamp>,
    pub vehicle: Option<VehicleGuid>,
    /// Decides which reports are overdue (Q11).
    pub now: Timestamp,
}

/// A report with its vehicle, as lists show it.
#[derive(Debug, Clone, FromRow)]
pub struct ListedReport {
    pub ref_key: RefKey,
    pub report_number: String,
    pub contract_number: String,
    /// The first day.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub starts_at: Option<Timestamp>,
    /// The deadline as 1C sent it.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub finishes_at: Option<Timestamp>,
    /// The moment from which it is overdue.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// The reason of the last rejection; stays until the next decision (Q29).
    pub reject_reason: String,
    #[sqlx(rename = "vehicle_guid", try_from = "Stored<Option<VehicleGuid>>")]
    pub vehicle: Option<VehicleGuid>,
    pub plate_number: String,
    pub vin_code: String,
    #[sqlx(try_from = "Stored<Option<TypeCode>>")]
    pub type_code: Option<TypeCode>,
}

pub(super) const REPORT_COLUMNS: &str = "SELECT r.ref_key, r.report_number, r.contract_number, \
    r.starts_at, r.finishes_at, r.due_at, r.status_code, r.reject_reason, r.vehicle_guid, ";

impl Block {
    /// The block of a status.
    pub const fn of(status: ReportStatus) -> Self {
        if status.is_open() { Self::Important } else { Self::General }
    }

    /// The statuses of this block, the most important first (Q24).
    pub(super) const fn codes(self) -> [i64; 2] {
        match self {
            Self::Important => [4, 1],
            Self::General => [2, 3],
        }
    }

    /// Must be literally the condition of the block's partial index; otherwise the database does not use
    /// the index.
    pub(super) const fn condition(self) -> &'static str {
        match self {
            Self::Important => "r.status_code IN (1, 4) AND r.deleted = 0",
            Self::General => "r.status_code IN (2, 3) AND r.deleted = 0",
        }
    }

    /// The column that orders the block. A unary plus disables the index with this order: rows that are
    /// found by vehicle are sorted, instead of being searched for among all reports of the company.
    const fn column(self, sorted: bool) -> &'static str {
        match (self, sorted) {
            (Self::Important, false) => "r.due_at",
            (Self::Important, true) => "+r.due_at",
            (Self::General, false) => "r.starts_at",
            (Self::General, true) => "+r.starts_at",
        }
    }

    /// Appends the cursor, the order and the limit of a page. `sorted` if its rows are found by vehicle:
    /// see [`Self::column`].
    pub(super) fn page(
        self,
        statement: &mut Statement,
        sorted: bool,
        after: Option<&PageCursor>,
        limit: i64,
    ) {
        let (sign, order, start) = match self {
            Self::Important => (">", "", i64::MIN),
            Self::General => ("<", " DESC", i64::MAX),
        };
        let column = self.column(sorted);
        let (at, ref_key) = after
            .map_or_else(|| (start, String::new()), |mark| (mark.at, mark.ref_key.to_string()));
        statement.push(&format!(" AND ({column}, r.ref_key) {sign} (")).bind(&at);
        statement.push(", ").bind(&ref_key);
        statement.push(&format!(") ORDER BY {column}{order}, r.ref_key{order} LIMIT "));
        statement.bind(&limit);
    }
}

impl ListedReport {
    /// The cursor of a page that ends with this row.
    pub fn page_cursor(&self) -> PageCursor {
        let at = match Block::of(self.status) {
            Block::Important => self.due_at.as_microsecond(),
            Block::General => self.starts_at.map_or(0, Timestamp::as_microsecond),
        };
        PageCursor { at, ref_key: self.ref_key }
    }
}

impl ReportFilter {
    /// [`Self::ends_after`] in microseconds; without it, the minimum.
    pub(super) fn ends_after_micros(&self) -> i64 {
        self.ends_after.map_or(i64::MIN, Timestamp::as_microsecond)
    }
}

impl Database {
    /// At most `limit` reports of a block that match the filter, after the cursor.
    pub async fn report_page(
        &self,
        filter: &ReportFilter,
        block: Block,
        after: Option<&PageCursor>,
        limit: i64,
    ) -> Result<Vec<ListedReport>, DatabaseError> {
        reports(filter, block, after, limit).all(&self.pool).await
    }
}

pub(super) fn reports(
    filter: &ReportFilter,
    block: Block,
    after: Option<&PageCursor>,
    limit: i64,
) -> Statement {
    let mut statement = Statement::new(REPORT_COLUMNS);
    statement.push(
        "COALESCE(v.plate_number, '') AS plate_number, COALESCE(v.vin_code, '') AS vin_code, \
         COALESCE(v.type_code, '') AS type_code \
         FROM reports r LEFT JOIN vehicles v ON v.guid = r.vehicle_guid \
         AND v.company_id = r.company_id WHERE ",
    );
    statement.push(block.condition()).push(" AND r.company_id = ").bind(&filter.scope.company);
    if let Some(status) = filter.status {
        statement.push(&format!(" AND r.status_code = {}", status.code()));
    }
    if let Some(vehicle) = filter.vehicle {
        statement.push(" AND r.vehicle_guid = ").bind(&vehicle);
    }
    filter.scope.restrict(&mut statement, "r.vehicle_guid");
    statement.push(" AND r.due_at > ").bind(&filter.ends_after_micros());
    let by_vehicle = filter.vehicle.is_some() || filter.scope.only.is_some();
    block.page(&mut statement, by_vehicle, after, limit);
    statement
}

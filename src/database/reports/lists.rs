//! The two blocks of every list, page by page.
//!
//! A page goes on after the last row of the one before it (its [`PageCursor`]) by an index that has
//! the block's order, so that the hundredth page costs what the first does.

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
    /// 1 and 4: what waits for a driver. What is due first comes first (Q10).
    Important,
    /// 2 and 3: what has been sent. The latest comes first.
    General,
}

/// Where a page ended: by what its block is ordered, and whose row it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCursor {
    /// `due_at` of important reports, `starts_at` of general ones, in microseconds.
    pub at: i64,
    /// The report.
    pub ref_key: RefKey,
}

/// Which reports are filter.
#[derive(Debug, Clone)]
pub struct ReportFilter {
    /// Those the viewer may see.
    pub scope: Scope,
    /// Those in this state only.
    pub status: Option<ReportStatus>,
    /// Those whose period ends after this moment (Q23).
    pub ends_after: Option<Timestamp>,
    /// Those of this vehicle only.
    pub vehicle: Option<VehicleGuid>,
    /// The present moment: it decides what has expired (Q11).
    pub now: Timestamp,
}

/// A report with its vehicle, as lists show it.
#[derive(Debug, Clone, FromRow)]
pub struct ListedReport {
    /// Its key.
    pub ref_key: RefKey,
    /// Its number, as given.
    pub report_number: String,
    /// Its contract, as given.
    pub contract_number: String,
    /// First day, if it has one.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub starts_at: Option<Timestamp>,
    /// Deadline as given, if it has one.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub finishes_at: Option<Timestamp>,
    /// From when on it is overdue.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    /// Its state.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// Why it was rejected; may be left from an earlier time (Q29).
    pub reject_reason: String,
    /// Its vehicle, if it names one.
    #[sqlx(rename = "vehicle_guid", try_from = "Stored<Option<VehicleGuid>>")]
    pub vehicle: Option<VehicleGuid>,
    /// The vehicle's plate, as given.
    pub plate_number: String,
    /// The vehicle's VIN, as given.
    pub vin_code: String,
    /// The vehicle's type, if it is known.
    #[sqlx(try_from = "Stored<Option<TypeCode>>")]
    pub type_code: Option<TypeCode>,
}

pub(super) const REPORT_COLUMNS: &str = "SELECT r.ref_key, r.report_number, r.contract_number, \
    r.starts_at, r.finishes_at, r.due_at, r.status_code, r.reject_reason, r.vehicle_guid, ";

impl Block {
    /// The block a state belongs to.
    pub const fn of(status: ReportStatus) -> Self {
        if status.is_open() { Self::Important } else { Self::General }
    }

    /// The states of this block in the order in which a vehicle is judged by them (Q24).
    pub(super) const fn codes(self) -> [i64; 2] {
        match self {
            Self::Important => [4, 1],
            Self::General => [2, 3],
        }
    }

    /// Word for word the condition of the block's index, or the database would not use it.
    pub(super) const fn condition(self) -> &'static str {
        match self {
            Self::Important => "r.status_code IN (1, 4) AND r.deleted = 0",
            Self::General => "r.status_code IN (2, 3) AND r.deleted = 0",
        }
    }

    /// By what the block is ordered. With a plus it is no column of an index any more: what is found
    /// another way is sorted, instead of looked for in the order of a whole company.
    const fn column(self, sorted: bool) -> &'static str {
        match (self, sorted) {
            (Self::Important, false) => "r.due_at",
            (Self::Important, true) => "+r.due_at",
            (Self::General, false) => "r.starts_at",
            (Self::General, true) => "+r.starts_at",
        }
    }

    /// Adds where to go on, the order and the length of a page; `sorted` when it is found by vehicle.
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
    /// Where a page that ends with this row ends.
    pub fn page_cursor(&self) -> PageCursor {
        let at = match Block::of(self.status) {
            Block::Important => self.due_at.as_microsecond(),
            Block::General => self.starts_at.map_or(0, Timestamp::as_microsecond),
        };
        PageCursor { at, ref_key: self.ref_key }
    }
}

impl ReportFilter {
    /// The end of a period that is still filter, in microseconds.
    pub(super) fn ends_after_micros(&self) -> i64 {
        self.ends_after.map_or(i64::MIN, Timestamp::as_microsecond)
    }
}

impl Database {
    /// At most `limit` of the wanted reports of a block, from the bookmark on.
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

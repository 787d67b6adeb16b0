//! The list of vehicles, each with its most important report (R7, Q24).
//!
//! The cost depends on the number of vehicles, not of their reports: the report of a vehicle is found by
//! a few searches in the index of the vehicle's reports.

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;

use super::lists::{self, Block, ListedReport, PageCursor, ReportFilter};

impl Database {
    /// At most `limit` vehicles of a block, each with its most important report: an expired one, or else
    /// by status in the order 4, 1, 2, 3; among equals the one with the latest deadline. Only reports
    /// that match the filter count.
    pub async fn vehicle_page(
        &self,
        filter: &ReportFilter,
        block: Block,
        after: Option<&PageCursor>,
        limit: i64,
    ) -> Result<Vec<ListedReport>, DatabaseError> {
        vehicle_list(filter, block, after, limit).all(&self.pool).await
    }

    /// The query plan of the first page of a list, for measurements.
    pub async fn list_plan(
        &self,
        filter: &ReportFilter,
        block: Block,
        by_vehicle: bool,
        limit: i64,
    ) -> Result<Vec<String>, DatabaseError> {
        let list = if by_vehicle { vehicle_list } else { lists::reports };
        list(filter, block, None, limit).plan(self.kind, &self.pool).await
    }
}

/// The statement of a page.
fn vehicle_list(
    filter: &ReportFilter,
    block: Block,
    after: Option<&PageCursor>,
    limit: i64,
) -> Statement {
    let mut statement = Statement::new(lists::REPORT_COLUMNS);
    statement.push(
        "p.plate_number, p.vin_code, p.type_code \
         FROM vehicles p JOIN reports r ON r.ref_key = COALESCE(",
    );
    if block == Block::Important {
        expired(&mut statement, filter);
        statement.push(", ");
    }
    for code in block.codes() {
        if filter.status.is_none_or(|status| status.code() == code) {
            best(&mut statement, filter, "b.ref_key", |statement| {
                statement.push(&format!("= {code}"));
            });
            statement.push(", ");
        }
    }
    statement
        .push("'') WHERE p.company_id = ")
        .bind(&filter.scope.company)
        .push(" AND p.deleted = 0");
    filter.scope.restrict(&mut statement, "p.guid");
    if block == Block::General && filter.status.is_none() {
        statement.push(" AND NOT EXISTS ");
        best(&mut statement, filter, "b.ref_key", |statement| {
            statement.push("IN (1, 4)");
        });
    }
    block.page(&mut statement, true, after, limit);
    statement
}

/// Appends the expired report of vehicle `p` with the latest deadline. Each status is a query of its
/// own, so that the index is searched instead of scanned.
fn expired(statement: &mut Statement, filter: &ReportFilter) {
    statement.push("(SELECT e.ref_key FROM (SELECT 0 AS due_at, '' AS ref_key WHERE 1 = 0");
    for code in Block::Important.codes() {
        if filter.status.is_some_and(|status| status.code() != code) {
            continue;
        }
        statement.push(" UNION ALL SELECT one.due_at, one.ref_key FROM ");
        best(statement, filter, "b.due_at, b.ref_key", |statement| {
            statement.push(&format!("= {code} AND b.due_at <= "));
            statement.bind(&filter.now);
        });
        statement.push(" one");
    }
    statement.push(") e ORDER BY e.due_at DESC, e.ref_key DESC LIMIT 1)");
}

/// Appends the matching report of vehicle `p` with the latest deadline, among those with the statuses
/// that `states` appends.
fn best(
    statement: &mut Statement,
    filter: &ReportFilter,
    columns: &str,
    states: impl FnOnce(&mut Statement),
) {
    statement.push(&format!(
        "(SELECT {columns} FROM reports b WHERE b.vehicle_guid = p.guid AND b.deleted = 0 \
         AND b.company_id = "
    ));
    statement.bind(&filter.scope.company).push(" AND b.status_code ");
    states(statement);
    statement.push(" AND b.due_at > ").bind(&filter.ends_after_micros());
    statement.push(" ORDER BY b.due_at DESC, b.ref_key DESC LIMIT 1)");
}

//! One report for each vehicle: the last, or the more important one (R7, Q24).
//!
//! The cost is that of the vehicles looked at, not of their reports: each choice is a handful of
//! steps in the index of the vehicle's reports.

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;

use super::lists::{self, Block, Bookmark, ListedReport, Wanted};

impl Database {
    /// At most `limit` vehicles of a block, each with the report it is judged by: an expired one,
    /// else 4, 1, 2, 3; among equals the one with the latest deadline. Only wanted reports count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vehicle_page(
        &self,
        wanted: &Wanted,
        block: Block,
        after: Option<&Bookmark>,
        limit: i64,
    ) -> Result<Vec<ListedReport>, DatabaseError> {
        let rows = picks(wanted, block, after, limit).all(&self.pool).await?;
        rows.iter().map(lists::read).collect()
    }

    /// How the database reads the first page of a list: for measurements.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_plan(
        &self,
        wanted: &Wanted,
        block: Block,
        by_vehicle: bool,
        limit: i64,
    ) -> Result<Vec<String>, DatabaseError> {
        let list = if by_vehicle { picks } else { lists::reports };
        list(wanted, block, None, limit).plan(self.kind, &self.pool).await
    }
}

/// The statement of a page.
fn picks(wanted: &Wanted, block: Block, after: Option<&Bookmark>, limit: i64) -> Statement {
    let mut statement = Statement::new(lists::report_columns());
    statement.say(
        "p.plate_number, p.vin_code, p.type_code \
         FROM vehicles p JOIN reports r ON r.ref_key = COALESCE(",
    );
    if block == Block::Important {
        expired(&mut statement, wanted);
        statement.say(", ");
    }
    for code in block.codes() {
        if wanted.status.is_none_or(|status| status.code() == code) {
            best(&mut statement, wanted, "b.ref_key", |statement| {
                statement.say(&format!("= {code}"));
            });
            statement.say(", ");
        }
    }
    statement
        .say("'') WHERE p.company_id = ")
        .number(wanted.scope.company.0)
        .say(" AND p.gone = 0");
    wanted.scope.restrict(&mut statement, "p.guid");
    if block == Block::General && wanted.status.is_none() {
        statement.say(" AND NOT EXISTS ");
        best(&mut statement, wanted, "b.ref_key", |statement| {
            statement.say("IN (1, 4)");
        });
    }
    block.page(&mut statement, true, after, limit);
    statement
}

/// Adds the wanted report of vehicle `p` that is expired: the one with the latest deadline. Each state
/// is looked up by itself, so that the index is entered at the right place instead of read through.
fn expired(statement: &mut Statement, wanted: &Wanted) {
    statement.say("(SELECT e.ref_key FROM (SELECT 0 AS due_at, '' AS ref_key WHERE 1 = 0");
    for code in Block::Important.codes() {
        if wanted.status.is_some_and(|status| status.code() != code) {
            continue;
        }
        statement.say(" UNION ALL SELECT one.due_at, one.ref_key FROM ");
        best(statement, wanted, "b.due_at, b.ref_key", |statement| {
            statement.say(&format!("= {code} AND b.due_at <= "));
            statement.number(wanted.now.as_microsecond());
        });
        statement.say(" one");
    }
    statement.say(") e ORDER BY e.due_at DESC, e.ref_key DESC LIMIT 1)");
}

/// Adds the wanted report of vehicle `p` with the latest deadline, among those in some states.
fn best(
    statement: &mut Statement,
    wanted: &Wanted,
    columns: &str,
    states: impl FnOnce(&mut Statement),
) {
    statement.say(&format!(
        "(SELECT {columns} FROM reports b WHERE b.vehicle_guid = p.guid AND b.gone = 0 \
         AND b.company_id = "
    ));
    statement.number(wanted.scope.company.0).say(" AND b.status_code ");
    states(statement);
    statement.say(" AND b.due_at > ").number(wanted.ends_after_micros());
    statement.say(" ORDER BY b.due_at DESC, b.ref_key DESC LIMIT 1)");
}

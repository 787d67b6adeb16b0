//! Many rows with one statement.
//!
//! Statements that write come in a few sizes only, so that each is prepared once for a connection.

use std::collections::HashMap;
use std::fmt::Write as _;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::rows::{number, text};

/// How many rows a statement takes. SQLite looks its parameters up one after another, so that more
/// would be slower.
const SIZES: [usize; 3] = [64, 8, 1];

/// How many keys are looked up at a time.
const KEYS: usize = 64;

/// A statement that inserts rows, or updates those that are there: its beginning before `VALUES`,
/// how many columns there are, and what follows, which returns `ref_key` and what
/// [`Written`] holds.
pub(super) struct Upsert {
    pub(super) head: &'static str,
    pub(super) columns: usize,
    pub(super) tail: String,
}

/// A value of a row.
pub(super) enum Cell {
    Text(String),
    Number(i64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// The cells of one row, in the order of the columns.
pub(super) type Row = Vec<Cell>;

/// What a row is after it was inserted or updated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// The state of a report.
    pub(super) state: i64,
    /// When a report was decided on.
    pub(super) at: i64,
    /// How many times a report's state has changed.
    pub(super) revision: i64,
    /// Whose a report is.
    pub(super) company: i64,
}

impl Written {
    fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        Ok(Self {
            state: number(row, "state")?,
            at: number(row, "at")?,
            revision: number(row, "revision")?,
            company: number(row, "company")?,
        })
    }
}

/// Those that were inserted or updated, by key.
pub(super) type WrittenRows = HashMap<String, Written>;

/// Writes the rows, no key twice. Those that are there in this version stay as they are.
pub(super) async fn upsert(
    write: &mut Write,
    upsert: &Upsert,
    rows: Vec<Row>,
) -> Result<WrittenRows, DatabaseError> {
    let mut written = WrittenRows::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    while let Some(size) = SIZES.into_iter().find(|size| *size <= rows.len()) {
        let sql = statement(upsert, size);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in rows.by_ref().take(size).flatten() {
            query = match cell {
                Cell::Text(text) => query.bind(text),
                Cell::Number(number) => query.bind(number),
            };
        }
        for row in query.fetch_all(&mut **write).await? {
            written.insert(text(&row, "ref_key")?, Written::read(&row)?);
        }
    }
    Ok(written)
}

fn statement(upsert: &Upsert, rows: usize) -> String {
    let mut sql = format!("{} VALUES ", upsert.head);
    for row in 0..rows {
        sql.push_str(if row == 0 { "" } else { ", " });
        placeholders(&mut sql, row * upsert.columns + 1, upsert.columns);
    }
    sql.push(' ');
    sql.push_str(&upsert.tail);
    sql
}

/// `($5, $6, $7)`
fn placeholders(sql: &mut String, first: usize, count: usize) {
    let mut before = '(';
    for at in first..first + count {
        // Writing into a text cannot fail.
        let _written = write!(sql, "{before}${at}");
        before = ',';
    }
    sql.push(')');
}

/// Shows `each` the rows that `select`, which ends in `IN`, finds for these keys.
pub(super) async fn look_up(
    write: &mut Write,
    select: &str,
    keys: impl IntoIterator<Item = String>,
    mut each: impl FnMut(&AnyRow) -> Result<(), DatabaseError> + Send,
) -> Result<(), DatabaseError> {
    let mut sql = format!("{select} ");
    placeholders(&mut sql, 1, KEYS);
    let mut keys: Vec<String> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    for some in keys.chunks(KEYS) {
        // Planned anew each time: of a first exchange, PostgreSQL would keep the plan of an empty table
        // and read through all of it once it is full.
        let mut query = sqlx::query(AssertSqlSafe(sql.clone())).persistent(false);
        // The last ones are looked up again and again instead of by a statement of another size.
        for key in some.iter().chain(some.iter().cycle()).take(KEYS) {
            query = query.bind(key.as_str());
        }
        for row in query.fetch_all(&mut **write).await? {
            each(&row)?;
        }
    }
    Ok(())
}

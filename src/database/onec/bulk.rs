//! Bulk upserts and lookups.
//!
//! Upserts have one of a few numbers of rows, so that a connection prepares only a few statements.

use std::collections::{BTreeSet, HashMap};

use sqlx::AssertSqlSafe;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use crate::database::column::{Value, placeholders};
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;

/// Rows per upsert; the largest number that fits is used first. SQLite searches the list of parameters
/// from its start, so larger statements would be slower.
const SIZES: [usize; 3] = [64, 8, 1];

/// Keys per lookup.
const KEYS: usize = 64;

/// A statement that inserts rows and updates existing ones. `head` is the text before `VALUES`, `tail`
/// the text after the rows; it returns the columns of [`Written`].
pub(super) struct Upsert {
    pub(super) head: String,
    pub(super) columns: usize,
    pub(super) tail: String,
}

/// The values of one row, in the order of the columns.
pub(super) type Row = Vec<Value>;

/// An inserted or updated row. The columns besides the key have a meaning for reports only.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Written {
    ref_key: String,
    #[sqlx(rename = "state")]
    pub(super) status: i64,
    #[sqlx(rename = "at")]
    pub(super) decided_at: i64,
    /// How many times the status has changed.
    pub(super) revision: i64,
    pub(super) company: i64,
}

/// The inserted and updated rows, by key.
pub(super) type WrittenRows = HashMap<String, Written>;

/// Upserts rows with distinct keys. A row that exists in the same or a later version is left unchanged,
/// and is not returned.
pub(super) async fn upsert(
    write: &mut Write,
    upsert: &Upsert,
    rows: Vec<Row>,
) -> Result<WrittenRows, DatabaseError> {
    let mut written = WrittenRows::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    while let Some(size) = SIZES.into_iter().find(|size| *size <= rows.len()) {
        let sql = AssertSqlSafe(statement(upsert, size));
        let values = rows.by_ref().take(size).flatten().collect();
        for row in query(sql, values).all::<Written>(&mut *write).await? {
            written.insert(row.ref_key.clone(), row);
        }
    }
    Ok(written)
}

fn statement(upsert: &Upsert, rows: usize) -> String {
    let row = |row| format!("({})", placeholders(row * upsert.columns + 1, upsert.columns));
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!("{} VALUES {} {}", upsert.head, rows.join(", "), upsert.tail)
}

/// The rows that `select`, which ends with `IN`, finds for these keys.
pub(super) async fn look_up<T: for<'r> FromRow<'r, AnyRow>>(
    write: &mut Write,
    select: &str,
    keys: impl IntoIterator<Item = impl ToString>,
) -> Result<Vec<T>, DatabaseError> {
    let sql = format!("{select} ({})", placeholders(1, KEYS));
    let keys: BTreeSet<String> = keys.into_iter().map(|key| key.to_string()).collect();
    let keys: Vec<Value> = keys.into_iter().map(Value::Text).collect();
    let mut found = Vec::new();
    for chunk in keys.chunks(KEYS) {
        // A shorter chunk is filled up by repeating its keys, so that the statement stays the same.
        let values = chunk.iter().cycle().take(KEYS).cloned().collect();
        // Planned on each execution: PostgreSQL would keep the plan that it made when the table was
        // empty, and scan the whole table once it is full.
        let statement = query(AssertSqlSafe(sql.clone()), values).unprepared();
        found.extend(statement.all::<T>(&mut *write).await?);
    }
    Ok(found)
}

//! Many rows with one statement.
//!
//! Statements that write come in a few sizes only, so that each is prepared once for a connection.

use std::collections::{BTreeSet, HashMap};

use sqlx::AssertSqlSafe;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use crate::database::column::{Value, placeholders};
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;

/// How many rows a statement takes. SQLite looks its parameters up one after another, so that more
/// would be slower.
const SIZES: [usize; 3] = [64, 8, 1];

/// How many keys are looked up at a time.
const KEYS: usize = 64;

/// A statement that inserts rows, or updates those that are there: its beginning before `VALUES`,
/// how many columns there are, and what follows, which returns `ref_key` and what
/// [`Written`] holds.
pub(super) struct Upsert {
    pub(super) head: String,
    pub(super) columns: usize,
    pub(super) tail: String,
}

/// The values of one row, in the order of the columns.
pub(super) type Row = Vec<Value>;

/// A row after it was inserted or updated. Only reports have more than a key.
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
        let sql = AssertSqlSafe(statement(upsert, size));
        let values = rows.by_ref().take(size).flatten().collect();
        for row in query(sql, values).all::<Written>(&mut **write).await? {
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

/// The rows that `select`, which ends in `IN`, finds for these keys.
pub(super) async fn look_up<T: for<'r> FromRow<'r, AnyRow>>(
    write: &mut Write,
    select: &str,
    keys: impl IntoIterator<Item = impl ToString>,
) -> Result<Vec<T>, DatabaseError> {
    let sql = format!("{select} ({})", placeholders(1, KEYS));
    let keys: BTreeSet<String> = keys.into_iter().map(|key| key.to_string()).collect();
    let keys: Vec<Value> = keys.into_iter().map(Value::Text).collect();
    let mut found = Vec::new();
    for some in keys.chunks(KEYS) {
        // The last keys are repeated, instead of a statement of another size.
        let values = some.iter().cycle().take(KEYS).cloned().collect();
        // Planned anew each time: from the first exchange on, PostgreSQL would keep the plan of an
        // empty table, and scan all of it once it is full.
        let statement = query(AssertSqlSafe(sql.clone()), values).planned_anew();
        found.extend(statement.all::<T>(&mut **write).await?);
    }
    Ok(found)
}

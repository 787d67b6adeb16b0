//! Reading fields out of rows.

use std::str::FromStr;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::error::DatabaseError;

/// A text column.
pub(super) fn text(row: &AnyRow, column: &'static str) -> Result<String, DatabaseError> {
    Ok(row.try_get::<String, _>(column)?)
}

/// A number column.
pub(super) fn number(row: &AnyRow, column: &'static str) -> Result<i64, DatabaseError> {
    Ok(row.try_get::<i64, _>(column)?)
}

/// A number column that is never negative.
pub(super) fn count(row: &AnyRow, column: &'static str) -> Result<u64, DatabaseError> {
    let value = number(row, column)?;
    u64::try_from(value).map_err(|_| unreadable(column, &value))
}

/// A time column, in UTC microseconds.
pub(super) fn time(row: &AnyRow, column: &'static str) -> Result<Timestamp, DatabaseError> {
    let value = number(row, column)?;
    Timestamp::from_microsecond(value).map_err(|_| unreadable(column, &value))
}

/// A time column where zero means "none".
pub(super) fn optional_time(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<Timestamp>, DatabaseError> {
    if number(row, column)? == 0 { Ok(None) } else { time(row, column).map(Some) }
}

/// A time as the database holds it; zero means "none".
pub(super) fn micros(time: Option<Timestamp>) -> i64 {
    time.map_or(0, Timestamp::as_microsecond)
}

/// A text column holding something that can be parsed.
pub(super) fn parsed<T: FromStr>(row: &AnyRow, column: &'static str) -> Result<T, DatabaseError> {
    let value = text(row, column)?;
    value.parse().map_err(|_| unreadable(column, &value))
}

/// As [`parsed`], where an empty text means "none".
pub(super) fn optional<T: FromStr>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<T>, DatabaseError> {
    if text(row, column)?.is_empty() { Ok(None) } else { parsed(row, column).map(Some) }
}

/// A text column holding JSON.
pub(super) fn json<T: DeserializeOwned>(
    row: &AnyRow,
    column: &'static str,
) -> Result<T, DatabaseError> {
    let value = text(row, column)?;
    serde_json::from_str(&value).map_err(|_| unreadable(column, &value))
}

/// As [`json`], where an empty text means nothing at all.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(
    row: &AnyRow,
    column: &'static str,
) -> Result<T, DatabaseError> {
    if text(row, column)?.is_empty() { Ok(T::default()) } else { json(row, column) }
}

/// A column that holds what cannot be.
pub(super) fn unreadable(what: &'static str, value: &impl ToString) -> DatabaseError {
    DatabaseError::Unreadable { what, value: value.to_string() }
}

/// A count as the database holds it. Counts come from checked sizes, far below 2⁶³.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// "None" is an empty text.
pub(super) fn or_empty(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// `count` placeholders for a list, the first of them `$first`: `$2, $3, $4`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

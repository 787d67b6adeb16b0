//! Sequential numbers.

use sqlx::AssertSqlSafe;

use super::column::params;
use super::error::DatabaseError;
use super::pool::Write;
use super::statement::query;

/// A row of the table `counters`, locked from the increment to the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Serializes the transactions that apply changes of 1C.
    Messages,
    Companies,
    /// Serializes requests for codes, so that each sees those before it.
    Challenges,
    /// The numbers of people in E4.
    People,
    FilmLinks,
}

/// The next number. Concurrent callers wait until this transaction has ended, so call it last unless the
/// wait is wanted. Companies and people are also inserted with explicit ids, which are skipped.
pub(super) async fn next_number(write: &mut Write, counter: Counter) -> Result<i64, DatabaseError> {
    let skip = |table| {
        format!(
            "UPDATE counters SET value = 1 + CASE \
             WHEN value > (SELECT COALESCE(MAX(id), 0) FROM {table}) THEN value \
             ELSE (SELECT COALESCE(MAX(id), 0) FROM {table}) END WHERE name = $1 RETURNING value"
        )
    };
    let next = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value".to_owned();
    let (name, sql) = match counter {
        Counter::Messages => ("messages", next),
        Counter::Challenges => ("challenges", next),
        Counter::FilmLinks => ("film_links", next),
        Counter::Companies => ("companies", skip("companies")),
        Counter::People => ("people", skip("people")),
    };
    let (number,) = query(AssertSqlSafe(sql), params![name]).one(&mut *write).await?;
    Ok(number)
}

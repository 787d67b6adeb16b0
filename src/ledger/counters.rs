//! Numbers handed out one after another.

use super::rows::number;
use super::{LedgerError, Write};

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Submissions, in the order of their commits: 1C's queue goes by it.
    Submissions,
}

impl Counter {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Submissions => "submissions",
        }
    }
}

/// The next number. Whoever asks for another one waits until this transaction has ended, so ask last.
pub(super) async fn next_number(write: &mut Write, counter: Counter) -> Result<i64, LedgerError> {
    let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value")
        .bind(counter.as_str())
        .fetch_one(&mut **write)
        .await?;
    number(&row, "value")
}

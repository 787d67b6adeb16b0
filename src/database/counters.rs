//! Numbers handed out one after another.

use super::error::DatabaseError;
use super::pool::Write;
use super::rows::number;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Submissions, in the order of their commits: 1C's queue goes by it.
    Submissions,
    /// What 1C has sent: whoever takes a number is alone in writing for 1C.
    Messages,
    /// Companies.
    Companies,
    /// Requests for codes: whoever takes a number sees all requests before it.
    Challenges,
    /// People, as E4 numbers them.
    People,
}

impl Counter {
    /// Steps on. People and companies are added by hand too: their numbers are stepped over.
    const fn step(self) -> &'static str {
        match self {
            Self::Submissions => {
                "UPDATE counters SET value = value + 1 WHERE name = 'submissions' RETURNING value"
            }
            Self::Messages => {
                "UPDATE counters SET value = value + 1 WHERE name = 'messages' RETURNING value"
            }
            Self::Companies => {
                "UPDATE counters SET value = 1 + CASE \
                 WHEN value > (SELECT COALESCE(MAX(id), 0) FROM companies) THEN value \
                 ELSE (SELECT COALESCE(MAX(id), 0) FROM companies) END \
                 WHERE name = 'companies' RETURNING value"
            }
            Self::Challenges => {
                "UPDATE counters SET value = value + 1 WHERE name = 'challenges' RETURNING value"
            }
            Self::People => {
                "UPDATE counters SET value = 1 + CASE \
                 WHEN value > (SELECT COALESCE(MAX(id), 0) FROM people) THEN value \
                 ELSE (SELECT COALESCE(MAX(id), 0) FROM people) END \
                 WHERE name = 'people' RETURNING value"
            }
        }
    }
}

/// The next number. Whoever asks for another one waits until this transaction has ended, so ask last.
pub(super) async fn next_number(write: &mut Write, counter: Counter) -> Result<i64, DatabaseError> {
    let row = sqlx::query(counter.step()).fetch_one(&mut **write).await?;
    number(&row, "value")
}

//! Errors in words.

use std::error::Error;

/// An error with everything beneath it, as one line: `the store is away: connection refused`.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| (*error).source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

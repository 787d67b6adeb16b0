//! Formats an error with its sources.

use std::error::Error;

/// An error and its sources in one line: `the store is unreachable: connection refused`.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| (*error).source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

//! Why there is no list.

use crate::ledger::LedgerError;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// There is no such thing, or it is not the caller's to see (S20).
    #[error("there is no such thing")]
    NotFound,
    /// The caller may not do that (S21).
    #[error("this is for directors")]
    Forbidden,
    /// Nobody deletes themselves (Q21).
    #[error("nobody can delete themselves")]
    Oneself,
    /// The ledger is away: ask again.
    #[error("the ledger is away")]
    Away(#[source] LedgerError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] LedgerError),
}

impl From<LedgerError> for ListError {
    fn from(error: LedgerError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error) }
    }
}

//! Why there is no list.

use crate::database::DatabaseError;

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
    /// The database is away: ask again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] DatabaseError),
}

impl From<DatabaseError> for ListError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error) }
    }
}

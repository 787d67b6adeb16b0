//! Why a browser has no session.

use jiff::SignedDuration;

use crate::database::DatabaseError;

/// Why the cookie of a request opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is no cookie, or no such session.
    #[error("the browser is not signed in")]
    Missing,
    /// The session was not used for this long.
    #[error("the session has ended for lack of activity")]
    Idle(SignedDuration),
    /// The session was ended, has reached its limit, or the person is inactive.
    #[error("the session has ended")]
    Ended,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a preference is not stored.
#[derive(Debug, thiserror::Error)]
pub enum PreferenceError {
    #[error("must be 10, 20 or 60")]
    UndoSeconds,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

//! Errors of browser sessions.

use jiff::SignedDuration;

use crate::database::DatabaseError;

/// The cookie of a request has no valid session.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is no cookie, or no session with its secret.
    #[error("the browser is not signed in")]
    Missing,
    /// The session had no activity for this long.
    #[error("the session has expired through inactivity")]
    Idle(SignedDuration),
    /// The session was ended, has reached its longest lifetime, or the person is inactive.
    #[error("the session has ended")]
    Ended,
    /// The account may not be used from this address.
    #[error("the account may not be used from this address")]
    Network,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A preference was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PreferenceError {
    #[error("must be 10, 20 or 60")]
    UndoSeconds,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

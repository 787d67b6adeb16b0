//! Why a video cannot be watched.

use std::error::Error;

use crate::database::DatabaseError;
use crate::storage::{LinkError, StorageError};

/// Everything a viewer may have to be told.
#[derive(Debug, thiserror::Error)]
pub enum PlaybackError {
    /// Not a viewing link of ours.
    #[error("this viewing link opens nothing")]
    LinkInvalid,
    /// The viewing link was good, but is too old.
    #[error("this viewing link has expired")]
    LinkExpired,
    /// As many videos are being sent as may be at a time.
    #[error("too many videos are being sent")]
    Busy,
    /// The database or the store is away: ask again.
    #[error("the {0} is away")]
    Away(&'static str, #[source] Box<dyn Error + Send + Sync>),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for PlaybackError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() {
            Self::Away("database", error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<StorageError> for PlaybackError {
    fn from(error: StorageError) -> Self {
        if error.is_transient() {
            Self::Away("store", error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<LinkError> for PlaybackError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Invalid => Self::LinkInvalid,
            LinkError::Expired => Self::LinkExpired,
            LinkError::Storage(error) => error.into(),
        }
    }
}

//! Why a video cannot be watched.

use std::error::Error;

use crate::database::DatabaseError;
use crate::model::MaybeTransient as _;
use crate::storage::{LinkError, StorageError};

#[derive(Debug, thiserror::Error)]
pub enum PlaybackError {
    #[error("this playback link is not valid")]
    LinkInvalid,
    #[error("this playback link has expired")]
    LinkExpired,
    #[error("too many videos are being downloaded")]
    Busy,
    #[error("the {0} is unavailable")]
    Unavailable(&'static str, #[source] Box<dyn Error + Send + Sync>),
    #[error("an internal error occurred")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for PlaybackError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() {
            Self::Unavailable("database", error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<StorageError> for PlaybackError {
    fn from(error: StorageError) -> Self {
        if error.is_transient() {
            Self::Unavailable("video storage", error.into())
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

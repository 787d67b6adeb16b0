//! Why a request for an upload fails.

use std::error::Error;

use crate::database::DatabaseError;
use crate::model::{
    Digest, EarlierUse, FaultError, MaybeTransient as _, Offset, Refusal, UploadState,
};
use crate::storage::StorageError;

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Unknown, expired, or another person's.
    #[error("there is no such upload")]
    NotFound,
    #[error("the upload has ended: it was {}", .state.as_str())]
    Ended {
        state: UploadState,
        /// Why, when the inspection refused it.
        refusal: Option<Box<Refusal>>,
    },
    /// The body does not begin at the offset of the upload, which is this one.
    #[error("the next byte of the upload is at offset {0}")]
    Conflict(Offset),
    /// Another request writes to the upload, or its video is being stored.
    #[error("the upload is in use by another request; retry in a moment")]
    Busy,
    /// A newer request has taken over the upload, or the lease was lost.
    #[error("a newer request took over the upload")]
    TakenOver,
    /// The body ended early. What arrived was kept, up to this offset.
    #[error("the request body ended early at offset {0}")]
    Cut(Offset),
    #[error("the video is longer than {max} bytes")]
    TooLong { max: u64 },
    /// The body does not match its checksum; none of it was kept.
    #[error("the request body does not match its checksum")]
    Checksum,
    #[error("the video was refused: {}", .0.finding.message)]
    Refused(Box<Refusal>),
    /// The same bytes were refused before, by the same rules.
    #[error("the same video was refused before: {}", .0.finding.message)]
    RefusedBefore(Box<Refusal>),
    #[error("reviewers cannot upload videos")]
    Forbidden,
    /// Unknown, another company's, or of a vehicle that the person may not see.
    #[error("there is no such report")]
    ReportNotFound,
    #[error("the report already has a video")]
    AlreadySubmitted {
        /// The hash of that video.
        held: Option<Digest>,
    },
    #[error("this video was already sent for another report; record the vehicle of this report")]
    Reused {
        /// The earlier uses that the person may see.
        links: Vec<EarlierUse>,
    },
    #[error("the report is approved and takes no more videos")]
    ReportClosed,
    #[error("a person can have at most {max} unfinished uploads, and all are receiving bytes")]
    TooMany { max: u64, retry_after: jiff::SignedDuration },
    #[error("{max} uploads of this person ended without a video within a day; retry later")]
    TooManyAbandoned { max: u64, retry_after: jiff::SignedDuration },
    #[error("too many preflight requests; retry later")]
    TooManyPreflights { retry_after: jiff::SignedDuration },
    #[error("the server is processing as many preflight requests as it can; retry later")]
    PreflightsBusy,
    #[error("the video is still being stored; retry in a moment")]
    StillFinishing,
    #[error("the {0} is unavailable; retry in a moment")]
    Unavailable(&'static str, #[source] Box<dyn Error + Send + Sync>),
    #[error("the server has no disk space left; retry later")]
    DiskFull(#[source] StorageError),
    #[error("an internal error occurred")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for UploadError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() {
            Self::Unavailable("database", error.into())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full { .. } => Self::DiskFull(error),
            error if error.is_transient() => Self::Unavailable("video storage", error.into()),
            error => Self::Internal(error.into()),
        }
    }
}

impl From<FaultError> for UploadError {
    fn from(fault: FaultError) -> Self {
        Self::Internal(fault.into())
    }
}

//! Why an upload does not go on.

use crate::database::DatabaseError;
use crate::model::{Digest, EarlierUse, Offset, Refusal, UploadState};
use crate::storage::StorageError;

/// Everything an upload's caller may have to be told.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Unknown, expired, or somebody else's.
    #[error("there is no such upload")]
    NotFound,
    /// Ended on purpose.
    #[error("this upload was ended")]
    Gone {
        /// How.
        state: UploadState,
        /// Why, when the inspection refused it.
        refusal: Option<Box<Refusal>>,
    },
    /// Bytes for another place than the next (T-17).
    #[error("the next byte goes at {0}")]
    Conflict(Offset),
    /// Somebody else is writing, or the video is being stored: ask again soon.
    #[error("the upload is busy")]
    Busy,
    /// The writer was asked to let go by a newer request.
    #[error("a newer request took over")]
    TakenOver,
    /// The body ended before it should have; what arrived was kept.
    #[error("the body was cut at {0}")]
    Cut(Offset),
    /// Longer than it may be, or than it was declared.
    #[error("at most {max} bytes are taken")]
    TooLong {
        /// How long it may be.
        max: u64,
    },
    /// The piece is not the one its checksum speaks of; it was dropped (T-62).
    #[error("the checksum does not match")]
    Checksum,
    /// The inspection refused the bytes.
    #[error("the video was refused: {}", .0.finding.message)]
    Refused(Box<Refusal>),
    /// The same bytes were refused before (`conventions.md` §5.1).
    #[error("the video was refused before: {}", .0.finding.message)]
    RefusedBefore(Box<Refusal>),
    /// Who decides on videos sends none.
    #[error("a reviewer sends no videos")]
    Forbidden,
    /// There is no such report, or it is somebody else's, or its vehicle is (S20, Q37).
    #[error("there is no such report")]
    NoReport,
    /// The report holds a video.
    #[error("the report was submitted already")]
    AlreadySubmitted {
        /// The hash of what it holds.
        held: Option<Digest>,
    },
    /// Another report of the company holds the video, and the settings do not let it in twice.
    #[error("this video was sent for another report before; film the vehicle of this one")]
    Reused {
        /// Where it came before, as far as the caller may know.
        links: Vec<EarlierUse>,
    },
    /// The report was approved.
    #[error("the report is closed")]
    Closed,
    /// The person has too many living uploads.
    #[error("at most {max} uploads may be open at a time")]
    TooMany {
        /// How many.
        max: u64,
    },
    /// The person asks for too many preflights.
    #[error("too many preflights were asked for")]
    TooOften {
        /// How long that lasts.
        wait: jiff::SignedDuration,
    },
    /// As many preflights are under way as may be.
    #[error("as many preflights are under way as may be")]
    Crowded,
    /// The video is being stored and that takes long: ask again.
    #[error("the video is still being stored")]
    Finishing,
    /// The database or the store is away: ask again.
    #[error("the {0} is away")]
    Away(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// No room on the disk.
    #[error("there is no room left")]
    Full(#[source] StorageError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for UploadError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() {
            Self::Away("database", Box::new(error))
        } else {
            Self::Internal(Box::new(error))
        }
    }
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full { .. } => Self::Full(error),
            error if error.is_transient() => Self::Away("store", Box::new(error)),
            error => Self::Internal(Box::new(error)),
        }
    }
}

impl From<crate::model::FaultError> for UploadError {
    fn from(fault: crate::model::FaultError) -> Self {
        Self::Internal(Box::new(fault))
    }
}

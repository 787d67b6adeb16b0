//! How far an upload is, and its end by its owner.

use jiff::Timestamp;

use crate::database::UploadRow;
use crate::model::{Length, Offset, RefKey, Refusal, SubmissionId, UploadId, UploadState, VideoId};

use super::{Access, UploadError, UploadService};

/// An upload as its owner may see it.
#[derive(Debug, Clone)]
pub struct Status {
    /// Where it is in its life.
    pub state: UploadState,
    /// Acknowledged bytes: this many survive anything.
    pub offset: Offset,
    /// How long it is, when known.
    pub length: Option<Length>,
    /// `Upload-Metadata` as given (T-33).
    pub metadata: String,
    /// When it ends if nothing more comes.
    pub expires_at: Timestamp,
    /// The report it is for.
    pub ref_key: Option<RefKey>,
    /// Why the inspection refused it.
    pub refusal: Option<Refusal>,
    /// The stored video.
    pub video: Option<VideoId>,
    /// The submission it became.
    pub submission: Option<SubmissionId>,
}

impl UploadService {
    /// Where the next byte goes. Whoever is writing is asked to let go first, so that the answer
    /// stays true until the next append.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Gone`], [`UploadError::Busy`], or when the database
    /// is away.
    pub async fn resume_status(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<Status, UploadError> {
        let (_seat, row) = self.approach(id, access).await?;
        match row.state {
            // A finish that nobody holds was left behind: its last byte is still awaited.
            UploadState::Open | UploadState::Finishing | UploadState::Stored => Ok(status(row)),
            state => Err(UploadError::Gone { state, refusal: row.refusal.map(Box::new) }),
        }
    }

    /// The state as it is, whatever it is, disturbing nobody.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], or when the database is away.
    pub async fn status(&self, id: UploadId, access: &Access) -> Result<Status, UploadError> {
        self.find(id, access).await.map(status)
    }

    /// Ends an upload and frees what it holds (T-71), interrupting whoever writes (T-73).
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Gone`], [`UploadError::Busy`],
    /// [`UploadError::AlreadySubmitted`] for a video that was handed over, or when the database fails.
    pub async fn terminate(&self, id: UploadId, access: &Access) -> Result<(), UploadError> {
        let (seat, row) = self.approach(id, access).await?;
        match row.state {
            UploadState::Open | UploadState::Finishing => {}
            UploadState::Stored => return Err(UploadError::AlreadySubmitted { held: None }),
            state => return Err(UploadError::Gone { state, refusal: row.refusal.map(Box::new) }),
        }
        let lease = self.take(seat, row).await?;
        self.end(&lease, UploadState::Terminated, None).await
    }
}

fn status(row: UploadRow) -> Status {
    Status {
        state: row.state,
        offset: row.committed,
        length: row.length,
        metadata: row.metadata,
        expires_at: row.expires_at,
        ref_key: row.details.map(|details| details.ref_key),
        refusal: row.refusal,
        video: row.video,
        submission: row.submission,
    }
}

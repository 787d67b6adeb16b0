//! Getting to be the one writer of an upload, here and among nodes.

use tokio::time::{Instant, sleep};

use crate::database::UploadRow;
use crate::model::{UploadId, UploadState};

use super::desk::Seat;
use super::{Access, Said, UploadError, UploadService, span};

/// The right to write: the seat on this node and the fence in the database.
pub(super) struct WriteLease {
    pub(super) seat: Seat,
    pub(super) row: UploadRow,
    pub(super) fence: i64,
    /// Whether the client can come back for the rest.
    pub(super) resumable: bool,
    /// What a form has said before its file.
    pub(super) said: Option<Said>,
}

impl UploadService {
    /// Looks an upload up on behalf of somebody. What is not theirs is not there.
    pub(super) async fn find(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<UploadRow, UploadError> {
        let row = self.database.upload(id).await?.ok_or(UploadError::NotFound)?;
        let strangers = access.caller.is_some_and(|caller| caller != row.owner);
        if !access.secret.opens(&row.secret_hash) || strangers || !row.owner_active {
            return Err(UploadError::NotFound);
        }
        match row.state {
            UploadState::Expired | UploadState::Lost => Err(UploadError::NotFound),
            UploadState::Open if row.expires_at <= self.clock.now() => Err(UploadError::NotFound),
            _ => Ok(row),
        }
    }

    /// Sits down at an upload that is alive, once whoever worked on it, here or on another node, has
    /// let go. The newest wins; a third one is busy.
    pub(super) async fn approach(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<(Seat, UploadRow), UploadError> {
        let first = self.find(id, access).await?;
        if first.state == UploadState::Finishing && self.is_held(&first) {
            // Nobody can interrupt it; but a node that has given up finishing will let go.
            self.database.request_release(id, first.fence).await?;
            return Err(UploadError::Busy);
        }
        let wait = span(self.config.release_wait);
        let until = Instant::now() + wait;
        let seat = self.0.desk.enter(id, wait).await.ok_or(UploadError::Busy)?;
        // A row that nobody held when it was read is still true, or its fence has moved. One that
        // somebody held may have been committed to since, under the same fence.
        if first.holder.is_none() && !seat.waited() {
            return Ok((seat, first));
        }
        loop {
            let row = self.find(id, access).await?;
            if !self.is_held_elsewhere(&row) {
                return Ok((seat, row));
            }
            if row.state == UploadState::Finishing || Instant::now() >= until {
                return Err(UploadError::Busy);
            }
            self.database.request_release(id, row.fence).await?;
            sleep(span(self.config.lease_poll)).await;
        }
    }

    /// Takes the lease of an upload somebody has sat down at.
    pub(super) async fn take(&self, seat: Seat, row: UploadRow) -> Result<WriteLease, UploadError> {
        let taken = self.database.acquire_lease(row.id, row.fence, self.0.node).await?;
        let fence = taken.ok_or(UploadError::Busy)?;
        Ok(WriteLease { seat, row, fence, resumable: true, said: None })
    }

    fn is_held(&self, row: &UploadRow) -> bool {
        self.is_held_elsewhere(row) || self.0.desk.is_taken(row.id)
    }

    /// A lease in our own name without anybody at the desk was left behind by a task that failed.
    fn is_held_elsewhere(&self, row: &UploadRow) -> bool {
        row.holder.is_some_and(|holder| holder != self.0.node)
    }
}

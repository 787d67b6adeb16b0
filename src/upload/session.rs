//! One request that sends bytes of an upload: begins, receives, then completes or acknowledges.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::database::Details;
use crate::model::{Length, Offset, Person, UploadId, UploadState};

use super::access::Access;
use super::acknowledgements::Schedule;
use super::body::{Body, BodyEnd, BodyReader};
use super::checksum::Checksum;
use super::cleaner::Cleaner;
use super::components::Components;
use super::error::UploadError;
use super::finisher::{Resume, Stored};
use super::locks::WriteLease;
use super::refusal_cache::Declaration;
use super::writer::UploadWriter;

/// A body to be appended to an upload.
pub struct Append {
    pub id: UploadId,
    pub access: Access,
    /// Where the body goes: must be the upload's offset.
    pub offset: Offset,
    /// The length of the body, if the client states it.
    pub length: Option<u64>,
    /// Whether the upload ends with this body. Only for an upload without a declared length.
    pub complete: bool,
    pub checksum: Option<Checksum>,
    pub body: Body,
}

/// The outcome of an append.
#[derive(Debug)]
pub enum Appended {
    /// The bytes are durable and acknowledged; the upload goes on at `offset`.
    Progress { offset: Offset, expires_at: Timestamp },
    /// The upload was complete: the video is stored and submitted.
    Stored(Stored),
}

/// An upload that a request writes to.
pub struct UploadSession {
    components: Arc<Components>,
    resume: Resume,
    /// `None` after the session has ended.
    work: Option<(WriteLease, UploadWriter)>,
}

impl UploadSession {
    /// Acquires the upload, which must be open at `offset`, and opens its writer.
    pub(super) async fn begin(
        components: &Arc<Components>,
        (id, access, offset): (UploadId, &Access, Offset),
        length: Option<u64>,
        (resume, declaration): (Resume, Option<Declaration>),
    ) -> Result<Self, UploadError> {
        let (guard, row) = components.locks.lock_at(id, access, offset).await?;
        if row.state == UploadState::Stored || offset != row.committed {
            return Err(UploadError::Conflict(row.committed));
        }
        let max = row.length.unwrap_or(components.deps.config.max_length).get();
        if length.is_some_and(|length| length > max.saturating_sub(offset.get())) {
            return Err(UploadError::TooLong { max });
        }
        let lease = components.locks.acquire_lease(guard, row).await?;
        match components.writers.open_writer(&lease, declaration).await {
            Ok(writer) => {
                let work = Some((lease, writer));
                Ok(Self { components: Arc::clone(components), resume, work })
            }
            Err(error) => {
                if resume == Resume::OneRequest {
                    discard(&components.cleaner, &lease).await;
                }
                Err(error)
            }
        }
    }

    /// Appends a body. What arrives is kept, however the request ends.
    pub(super) async fn append(
        components: &Arc<Components>,
        append: Append,
    ) -> Result<Appended, UploadError> {
        let Append { id, access, offset, length, complete, checksum, body } = append;
        let resumable = (Resume::Resumable, None);
        let mut session = Self::begin(components, (id, &access, offset), length, resumable).await?;
        let end = session.receive_body(body, checksum).await?;
        // Boxed: the futures of finishing are big, and must not be held while a body arrives.
        if session.is_complete(end, complete) {
            return Box::pin(session.finish()).await.map(Appended::Stored);
        }
        let (offset, expires_at) = Box::pin(session.stop(end)).await?;
        Ok(Appended::Progress { offset, expires_at })
    }

    /// Receives the bytes of a video in this one request. If its length is not known, the video is
    /// refused as soon as a box cannot fit into `max_length`. An error ends the upload.
    pub async fn receive(
        &mut self,
        body: Body,
        max_length: Option<Length>,
    ) -> Result<(), UploadError> {
        if let (Some(length), Some((_, writer))) = (max_length, &mut self.work) {
            writer.scan.scanner.set_max_length(length);
        }
        match self.receive_body(body, None).await? {
            BodyEnd::Complete => Ok(()),
            end => Box::pin(self.stop(end)).await.map(drop),
        }
    }

    /// Stores the received video and submits it for the report in `details`, also when the client does
    /// not wait for the answer.
    pub async fn complete(self, person: Person, details: Details) -> Result<Stored, UploadError> {
        let components = Arc::clone(&self.components);
        components.deps.detached(Box::pin(self.submit(person, details))).await
    }

    async fn submit(mut self, person: Person, details: Details) -> Result<Stored, UploadError> {
        // The report may have become known only after the bytes.
        self.components.eligibility.report(&person, details.ref_key).await?;
        if let Some((lease, _)) = &mut self.work {
            lease.row.details = Some(details);
        }
        Box::pin(self.finish()).await
    }

    async fn receive_body(
        &mut self,
        body: Body,
        checksum: Option<Checksum>,
    ) -> Result<BodyEnd, UploadError> {
        let (config, is_segmented) =
            (&self.components.deps.config, self.components.deps.is_segmented());
        let (lease, writer) = self.work.as_mut().ok_or_else(ended)?;
        let max = lease.row.length.unwrap_or(config.max_length).get();
        let max_bytes = max.saturating_sub(lease.row.committed.get());
        let (release_requested, schedule) = match self.resume {
            Resume::Resumable => {
                (lease.guard.release_requested.clone(), Some(Schedule::new(config, is_segmented)))
            }
            // An interrupted client would have to send everything again.
            Resume::OneRequest => (CancellationToken::new(), None),
        };
        let mut body = BodyReader::new(body, max_bytes, config, release_requested);
        let received = writer.receive(lease, &mut body, checksum, schedule).await;
        if received.is_err() && self.resume == Resume::Resumable {
            self.components.locks.release(lease).await;
        }
        received
    }

    /// Whether the upload is complete: it has reached its declared length, or, without one, the end of a
    /// body that `completes` it.
    fn is_complete(&self, end: BodyEnd, completes: bool) -> bool {
        let Some((lease, writer)) = &self.work else { return false };
        match (end, lease.row.length) {
            (BodyEnd::Refused | BodyEnd::TooLong, _) => false,
            (_, Some(length)) => writer.position().reaches(length),
            (_, None) => completes && end == BodyEnd::Complete,
        }
    }

    async fn finish(mut self) -> Result<Stored, UploadError> {
        let (lease, writer) = self.work.take().ok_or_else(ended)?;
        self.components.finisher.finish(lease, writer, self.resume).await
    }

    /// Ends the session before the upload is complete. A resumable upload keeps what arrived; the
    /// result is its offset and when it expires.
    async fn stop(&mut self, end: BodyEnd) -> Result<(Offset, Timestamp), UploadError> {
        if end == BodyEnd::Refused {
            let (lease, mut writer) = self.work.take().ok_or_else(ended)?;
            return Err(writer.end_refused(&lease).await);
        }
        let (lease, writer) = self.work.as_mut().ok_or_else(ended)?;
        let position = writer.position();
        let mut stopped = (position, lease.row.expires_at);
        if self.resume == Resume::Resumable {
            let is_full = lease.row.length.is_some_and(|length| position.reaches(length));
            let to = if is_full { writer.last_byte() } else { position };
            stopped = (to, writer.acknowledge(lease, to).await?);
        }
        let max = lease.row.length.unwrap_or(self.components.deps.config.max_length).get();
        match end {
            BodyEnd::Complete => Ok(stopped),
            BodyEnd::Cut | BodyEnd::Refused => Err(UploadError::Cut(stopped.0)),
            BodyEnd::ReleaseRequested => Err(UploadError::TakenOver),
            BodyEnd::TooLong => Err(UploadError::TooLong { max }),
            BodyEnd::ChecksumMismatch => Err(UploadError::Checksum),
        }
    }
}

impl Drop for UploadSession {
    /// Ends an upload that cannot be resumed and was not completed.
    fn drop(&mut self) {
        let Some((lease, _)) = self.work.take() else { return };
        if self.resume == Resume::Resumable {
            return;
        }
        let cleaner = Arc::clone(&self.components.cleaner);
        self.components.deps.tasks.spawn(async move { discard(&cleaner, &lease).await });
    }
}

async fn discard(cleaner: &Arc<Cleaner>, lease: &WriteLease) {
    if let Err(error) = cleaner.end(lease, UploadState::Terminated, None).await {
        tracing::warn!(upload = %lease.row.id, %error, "upload not ended; it will expire");
    }
}

fn ended() -> UploadError {
    UploadError::Internal("the upload session has ended".into())
}

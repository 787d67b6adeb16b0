//! The upload service: create, append, status, terminate, preflight, sweep.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::database::{Details, NewUpload, UploadRow};
use crate::model::{Length, Offset, Person, Protocol, UploadId, UploadState};

use super::access::{Access, Secret};
use super::cleaner::Swept;
use super::components::Components;
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::finisher::OnFailure;
use super::locks::UploadLocks;
use super::preflight::Preflights;
use super::refusal_cache::Declaration;
use super::session::{Append, Appended, UploadSession};

/// A video to be uploaded.
#[derive(Debug, Clone)]
pub struct NewVideo {
    pub person: Person,
    /// The report, the time and the place; `None` if the client sends them after the bytes.
    pub details: Option<Details>,
    /// `None` if it is known only after the bytes.
    pub length: Option<Length>,
    /// `Upload-Metadata`, to be echoed.
    pub metadata: String,
    pub protocol: Protocol,
}

/// A new upload.
pub struct Created {
    pub id: UploadId,
    /// The secret of its URL. It is not stored, so it cannot be returned again.
    pub secret: Secret,
    pub expires_at: Timestamp,
}

/// The upload service. Cheap to clone.
#[derive(Clone)]
pub struct UploadService(Arc<Components>);

impl UploadService {
    /// Starts the service and registers this node: leases that its previous process held are released.
    pub async fn start(parts: Dependencies) -> Result<Self, UploadError> {
        Ok(Self(Arc::new(Components::start(parts).await?)))
    }

    /// The longest video that is accepted.
    pub fn max_length(&self) -> Length {
        self.0.deps.config.max_length
    }

    /// The longest `moov` box that is accepted, in bytes.
    pub fn moov_limit(&self) -> u64 {
        self.0.deps.rules.moov_limit()
    }

    /// How long a body may pause before it counts as cut.
    pub fn idle_timeout(&self) -> Duration {
        self.0.deps.config.idle_timeout.unsigned_abs()
    }

    /// Whether several nodes can share the database and the storage of this one.
    pub fn is_shared(&self) -> bool {
        self.0.deps.is_segmented()
    }

    /// The locks of this node, with their background tasks.
    pub fn locks(&self) -> Arc<UploadLocks> {
        Arc::clone(&self.0.locks)
    }

    /// Creates an upload, if its report takes a video.
    pub async fn create(&self, video: NewVideo) -> Result<Created, UploadError> {
        let max = self.0.deps.config.max_length;
        if video.length.is_some_and(|length| length > max) {
            return Err(UploadError::TooLong { max: max.get() });
        }
        if let Some(details) = &video.details {
            self.0.eligibility.check_open(&video.person, details.ref_key).await?;
            self.check_video(&video.person, details.into(), video.length).await?;
        } else if video.person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        self.record(video).await
    }

    async fn record(&self, video: NewVideo) -> Result<Created, UploadError> {
        let NewVideo { person, details, length, metadata, protocol } = video;
        let Dependencies { config, database, clock, random, .. } = &*self.0.deps;
        let max = config.max_open_per_person;
        if database.count_active_uploads(person.id).await? >= max {
            return Err(UploadError::TooMany { max });
        }
        let (id, secret) = (UploadId::mint(clock, random), Secret::mint(random));
        let created_at = clock.now();
        let expires_at = config.expires_at(created_at, created_at);
        let secret_hash = secret.hash();
        let new = NewUpload {
            id,
            secret_hash,
            person,
            protocol,
            details,
            length,
            metadata,
            created_at,
            expires_at,
        };
        database.create_upload(&new).await?;
        metrics::counter!("forte_media_uploads_created_total", "protocol" => protocol.as_str())
            .increment(1);
        Ok(Created { id, secret, expires_at })
    }

    /// Whether a report takes a video, as far as that can be checked before the bytes. A report that
    /// already has a video passes, because the same bytes may be sent again.
    pub async fn check_report(
        &self,
        person: &Person,
        declaration: Declaration,
    ) -> Result<(), UploadError> {
        match self.0.eligibility.check_open(person, declaration.ref_key).await {
            Ok(()) => self.check_video(person, declaration, None).await,
            Err(UploadError::AlreadySubmitted { .. }) => {
                self.0.refusals.check_declared(person.company, declaration, None).await
            }
            Err(error) => Err(error),
        }
    }

    /// Fails when the declared video is known to be refused.
    async fn check_video(
        &self,
        person: &Person,
        declaration: Declaration,
        length: Option<Length>,
    ) -> Result<(), UploadError> {
        self.0.eligibility.check_reuse(person, declaration).await?;
        self.0.refusals.check_declared(person.company, declaration, length).await
    }

    /// Appends a body to an upload. Runs in its own task: if the client disconnects, what has arrived is
    /// still made durable and acknowledged.
    pub async fn append(&self, append: Append) -> Result<Appended, UploadError> {
        let components = Arc::clone(&self.0);
        let task = async move { Box::pin(UploadSession::append(&components, append)).await };
        self.run(task).await
    }

    /// Creates an upload that is received within one request. It cannot be resumed: unless the session
    /// is completed, the upload ends.
    pub async fn begin(
        &self,
        video: NewVideo,
        declaration: Option<Declaration>,
    ) -> Result<UploadSession, UploadError> {
        let service = self.clone();
        // In its own task: if the client disconnects, the session is dropped as a whole.
        let task = async move {
            let caller = Some(video.person.id);
            let Created { id, secret, .. } = service.create(video).await?;
            let access = Access { secret, caller };
            let upload = (id, &access, Offset::START);
            let policy = (OnFailure::Discard, declaration);
            UploadSession::begin(&service.0, upload, None, policy).await
        };
        self.run(Box::pin(task)).await
    }

    /// Runs a future in a task that goes on when the request is cancelled.
    async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, UploadError>> + Send + 'static,
    ) -> Result<T, UploadError> {
        let (sender, receiver) = oneshot::channel();
        let task = self.0.deps.tasks.spawn(async move {
            // A result that nobody waits for is dropped here, in the task that a shutdown waits for:
            // dropping a session starts another task.
            let _undelivered = sender.send(future.await);
        });
        match (receiver.await, task.await) {
            (Ok(result), _) => result,
            (Err(error), Ok(())) => Err(UploadError::Internal(error.into())),
            (Err(_), Err(panic)) => Err(UploadError::Internal(panic.into())),
        }
    }

    /// The status after the current writer, if any, has released the upload: its offset stays valid
    /// until the next append.
    pub async fn resume_status(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<UploadRow, UploadError> {
        // A finishing upload without a holder was left behind, and waits for its last byte.
        let (_guard, row) = self.0.locks.lock(id, access).await?;
        Ok(row)
    }

    /// The current status, without disturbing a writer.
    pub async fn status(&self, id: UploadId, access: &Access) -> Result<UploadRow, UploadError> {
        self.0.locks.find(id, access).await
    }

    /// Ends an upload, interrupting its writer. A stored video cannot be withdrawn.
    pub async fn terminate(&self, id: UploadId, access: &Access) -> Result<(), UploadError> {
        let (guard, row) = self.0.locks.lock(id, access).await?;
        if row.state == UploadState::Stored {
            return Err(UploadError::AlreadySubmitted { held: None });
        }
        let lease = self.0.locks.acquire_lease(guard, row).await?;
        self.0.cleaner.end(&lease, UploadState::Terminated, None).await
    }

    pub fn preflights(&self) -> &Preflights {
        &self.0.preflights
    }

    /// Expires uploads and clears ended ones, at intervals until `stop`.
    pub async fn run_sweeps(self, stop: CancellationToken) {
        self.0.cleaner.run_sweeps(stop).await;
    }

    /// One sweep.
    pub async fn sweep(&self) -> Result<Swept, UploadError> {
        self.0.cleaner.sweep().await
    }
}

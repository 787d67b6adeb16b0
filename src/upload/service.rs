//! The upload service: create, append, status, terminate, preflight, sweep.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::database::{Details, NewUpload, UploadRow};
use crate::inspect::Quicktime;
use crate::model::{Length, NodeId, Offset, Person, Protocol, UploadId, UploadState};

use super::access::{Access, Secret};
use super::cleaner::Swept;
use super::components::Components;
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::finisher::Resume;
use super::locks::UploadLocks;
use super::preflight::Preflights;
use super::refusal_cache::Declaration;
use super::session::{Append, Appended, UploadSession};

/// A video to be uploaded.
#[derive(Debug, Clone)]
pub struct NewVideo {
    pub person: Person,
    /// The id of the person's device.
    pub device: String,
    /// The report, the time and the place; `None` if the client sends them after the bytes.
    pub details: Option<Details>,
    /// `None` if it is known only after the bytes.
    pub length: Option<Length>,
    /// `Upload-Metadata`, to be echoed.
    pub metadata: String,
    pub protocol: Protocol,
    /// Whether the same request goes on to send bytes.
    pub sends_bytes: bool,
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

    /// Whether QuickTime movies are accepted too.
    pub fn accepts_quicktime(&self) -> bool {
        self.0.deps.rules.quicktime == Quicktime::Accept
    }

    /// The longest `moov` box that is accepted, in bytes.
    pub fn moov_limit(&self) -> u64 {
        self.0.deps.rules.moov_limit()
    }

    /// The shortest and the longest recording that are accepted.
    pub fn duration_limits(&self) -> (SignedDuration, SignedDuration) {
        let rules = &self.0.deps.rules;
        (rules.min_duration, rules.max_duration)
    }

    /// How long a body may pause before it counts as cut.
    pub fn idle_timeout(&self) -> Duration {
        self.0.deps.config.idle_timeout.unsigned_abs()
    }

    /// Whether several nodes can share the database and the storage of this one.
    pub fn is_shared(&self) -> bool {
        self.0.deps.is_segmented()
    }

    /// The id under which this node is registered.
    pub fn node(&self) -> NodeId {
        self.0.locks.node
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
        let NewVideo { person, device, details, length, metadata, protocol, sends_bytes } = video;
        let Dependencies { config, clock, random, .. } = &*self.0.deps;
        let (id, secret) = (UploadId::mint(clock, random), Secret::mint(random));
        let created_at = clock.now();
        let expires_at = config.expires_at(created_at, created_at);
        let secret_hash = secret.hash();
        let new = NewUpload {
            id,
            secret_hash,
            person,
            device,
            protocol,
            details,
            length,
            metadata,
            created_at,
            expires_at,
            holder: sends_bytes.then_some(self.0.locks.node),
        };
        self.0.create_within_limit(&new).await?;
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
        self.0.deps.detached(task).await
    }

    /// As [`Self::append`], within the request that has created the upload.
    pub async fn append_first(&self, append: Append) -> Result<Appended, UploadError> {
        self.append(append).await.map_err(ended_by_peers)
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
            let policy = (Resume::OneRequest, declaration);
            match Box::pin(UploadSession::begin(&service.0, upload, None, policy)).await {
                Ok(session) => Ok(session),
                Err(error) => {
                    service.end_unleased(id).await;
                    Err(ended_by_peers(error))
                }
            }
        };
        self.0.deps.detached(task).await
    }

    /// Ends an upload whose creation has failed before its lease.
    async fn end_unleased(&self, id: UploadId) {
        let Dependencies { database, clock, .. } = &*self.0.deps;
        match database.end_unanswered(id, 0, self.0.locks.node, clock.now()).await {
            Ok(false) => {}
            Ok(true) => self.0.cleaner.ended(id, UploadState::Expired),
            Err(error) => tracing::debug!(upload = %id, %error, "a sweep will end it"),
        }
    }

    /// The status after the current writer, if any, has released the upload: its offset stays valid
    /// until the next append.
    pub async fn resume_status(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<UploadRow, UploadError> {
        // A finishing upload that no writer holds was left behind: the client sends its last byte again.
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

    /// The state and the offset of an upload whose creating request has failed. The upload is detached from
    /// this node first, because the response reveals its URL.
    pub async fn reveal_address(&self, id: UploadId) -> Result<(UploadState, Offset), UploadError> {
        self.0.deps.faults.pass("upload.reveal.before")?;
        self.0.deps.database.detach_from_creation(id).await?;
        let row = self.0.deps.database.upload(id).await?.ok_or(UploadError::NotFound)?;
        Ok((row.state, row.committed))
    }

    /// Ends an upload in the background: the response with its address was not sent.
    pub fn end_unreachable(&self, id: UploadId) {
        let components = Arc::clone(&self.0);
        self.0.deps.tasks.spawn(async move {
            let Dependencies { database, clock, .. } = &*components.deps;
            match database.end_unreachable(id, clock.now()).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::debug!(upload = %id, "ended, because no client knows its address");
                    components.cleaner.ended(id, UploadState::Expired);
                }
                Err(error) => tracing::warn!(upload = %id, %error, "could not end an upload that no client knows; it will expire"),
            }
        });
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

/// If an upload that this request has just created is gone, other nodes have declared this one dead and ended
/// the upload. The client would read "not found" as an unknown report.
fn ended_by_peers(error: UploadError) -> UploadError {
    match error {
        UploadError::NotFound => {
            UploadError::Unavailable("node", "declared dead by its peers".into())
        }
        error => error,
    }
}

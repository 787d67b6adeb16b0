//! A video that comes in one request and cannot be resumed: the documented form (E9).
//!
//! The same pump, the same verdict, the same finish; only that nothing is acknowledged on the way,
//! and that a request which ends early leaves nothing behind.

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::database::ContentId;
use crate::model::{Digest, Door, Length, Person, RefKey, ReportStatus, UploadState};

use super::bench::Bench;
use super::desk::Seat;
use super::lease::WriteLease;
use super::pump::{End, Pumping};
use super::{Access, Body, Details, Stored, UploadError, UploadService};

/// What is known of a video that comes in one request before its bytes do.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// For which report it is.
    pub ref_key: RefKey,
    /// The hash that was announced for it.
    pub declared: Option<Digest>,
}

/// A video being received in one request. Dropped unfinished, it is cleared.
pub struct OneShot {
    engine: UploadService,
    person: Person,
    work: Option<(WriteLease, Bench)>,
}

impl UploadService {
    /// Whether a report will take a video: asked as soon as its key is known, before the bytes come.
    /// A report that holds one already may be sent the same bytes again, so it passes (Q32).
    ///
    /// # Errors
    /// [`UploadError::Forbidden`], [`UploadError::NoReport`], [`UploadError::Closed`],
    /// [`UploadError::Reused`] or [`UploadError::RefusedBefore`] when the announced hash is that of a
    /// video which another report holds or which was refused, or when the database is away.
    pub async fn may_submit(
        &self,
        person: &Person,
        Said { ref_key, declared }: Said,
    ) -> Result<(), UploadError> {
        match self.report_for(person, ref_key).await?.status {
            ReportStatus::Accepted => return Err(UploadError::Closed),
            ReportStatus::Submit | ReportStatus::Rejected => {
                self.not_used(person, ref_key, declared).await?;
            }
            ReportStatus::Submitted => {}
        }
        let marks = ContentId { ref_key, length: None, declared, head: None };
        self.not_again(person, &marks).await
    }

    /// Begins to receive a video whose length and details may come after its bytes; `said` is what
    /// came before them.
    ///
    /// # Errors
    /// [`UploadError::Forbidden`], [`UploadError::TooMany`], or when database or spool fail.
    pub async fn one_shot(
        &self,
        person: Person,
        said: Option<Said>,
    ) -> Result<OneShot, UploadError> {
        if person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        // In a task of its own: when the client vanishes meanwhile, what was begun is dropped as a
        // whole, and so cleared.
        let engine = self.clone();
        let (answer, answered) = oneshot::channel();
        self.tasks.spawn(async move {
            // Unheard, it is dropped right here.
            drop(answer.send(engine.one_shot_here(person, said).await));
        });
        answered.await.unwrap_or_else(|gone| Err(UploadError::Internal(Box::new(gone))))
    }

    async fn one_shot_here(
        &self,
        person: Person,
        said: Option<Said>,
    ) -> Result<OneShot, UploadError> {
        let created = self.record(person, Door::Form, None, None, String::new()).await?;
        let access = Access { secret: created.secret, caller: Some(person.id) };
        let (seat, row): (Seat, _) = self.approach(created.id, &access).await?;
        let lease = WriteLease { resumable: false, said, ..self.take(seat, row).await? };
        match self.lay_out(&lease).await {
            Ok(bench) => Ok(OneShot { engine: self.clone(), person, work: Some((lease, bench)) }),
            Err(error) => self.give_up(&lease, error).await,
        }
    }

    /// Nobody can come back for it: it ends, and what it left is cleared.
    pub(super) async fn give_up<T>(
        &self,
        lease: &WriteLease,
        error: UploadError,
    ) -> Result<T, UploadError> {
        if let Err(second) = self.end(lease, UploadState::Terminated, None).await {
            tracing::warn!(upload = %lease.row.id, error = %second, "left for the sweep");
        }
        Err(error)
    }
}

impl OneShot {
    /// Receives the bytes; of the file, not more than `at_most`, where that is known.
    ///
    /// # Errors
    /// [`UploadError::Refused`], [`UploadError::TooLong`], [`UploadError::Cut`], or when the spool
    /// fails.
    pub async fn receive(
        &mut self,
        mut body: Body,
        at_most: Option<Length>,
    ) -> Result<(), UploadError> {
        let engine = self.engine.clone();
        let (_, bench) = self.work.as_mut().ok_or_else(used)?;
        if let Some(length) = at_most {
            bench.warm.scanner().set_max_length(length);
        }
        let room = engine.config.max_length.get();
        // Nobody else knows this upload, so nobody can want it; and what is cut here would have to
        // be sent anew.
        let let_go = CancellationToken::new();
        let pumping = Pumping { room, let_go: &let_go, checksum: None };
        match engine.pump(&mut body, bench, pumping).await? {
            End::Whole => Ok(()),
            End::TooLong => Err(UploadError::TooLong { max: room }),
            End::Cut => Err(UploadError::Cut(bench.warm.position())),
            End::LetGo => Err(UploadError::TakenOver),
            End::Refused => {
                let (lease, mut bench) = self.work.take().ok_or_else(used)?;
                engine.refuse(&lease, &mut bench).await
            }
        }
    }

    /// Everything has been said: stores and submits. Runs in a task of its own, so that a client that
    /// vanishes now leaves no upload half way to its finish.
    ///
    /// # Errors
    /// As [`UploadError`] says. A video that could not be stored now is gone: the same request
    /// again begins anew.
    pub async fn finish(mut self, details: Details) -> Result<Stored, UploadError> {
        let (mut lease, mut bench) = self.work.take().ok_or_else(used)?;
        let length = Length::new(bench.warm.position().get());
        lease.row.length = Some(length);
        let (person, ref_key) = (self.person, details.ref_key);
        lease.row.details = Some(details);
        let engine = self.engine.clone();
        let tasks = self.engine.tasks.clone();
        let task = tasks.spawn(async move {
            // The report may have been named only after the bytes.
            if let Err(error) = engine.report_for(&person, ref_key).await {
                drop(bench);
                return engine.give_up(&lease, error).await;
            }
            let declared = bench.warm.declare(length, &bench.file, &engine.0.readers).await;
            match declared {
                Ok(()) => engine.finish_within_patience(lease, bench).await,
                Err(error) => engine.give_up(&lease, error.into()).await,
            }
        });
        task.await.unwrap_or_else(|panic| Err(UploadError::Internal(Box::new(panic))))
    }
}

impl Drop for OneShot {
    fn drop(&mut self) {
        let Some((lease, _)) = self.work.take() else { return };
        let engine = self.engine.clone();
        self.engine.tasks.spawn(async move {
            if let Err(error) = engine.end(&lease, UploadState::Terminated, None).await {
                tracing::warn!(upload = %lease.row.id, %error, "left for the sweep");
            }
        });
    }
}

fn used() -> UploadError {
    UploadError::Internal("a video received twice".into())
}

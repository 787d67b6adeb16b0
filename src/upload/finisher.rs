//! Finishing an upload: the verdict on the complete video, its storage, and the one transaction that
//! submits it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::database::{Details, Fingerprint, FinishOutcome, FinishedUpload, ReportRow};
use crate::inspect::Inspection;
use crate::model::plausibility::{Evidence, judge};
use crate::model::{
    Admission, Digest, FilmSender, Length, Person, ReceiptId, Role, SubmissionId, UploadState,
    Verdict, VideoId,
};
use crate::proof::receipt;
use crate::storage::VideoKey;

use super::cleaner::Cleaner;
use super::dependencies::Dependencies;
use super::eligibility::Eligibility;
use super::error::UploadError;
use super::locks::WriteLease;
use super::submitted_message::submitted_message;
use super::writer::UploadWriter;

/// The first pause between attempts to store a video; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A video that is stored and submitted.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    pub submission: SubmissionId,
    pub sha256: Digest,
    pub length: Length,
}

/// Whether a client can resume the upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// Yes. If it cannot be finished now, it is reopened at `length - 1`, and the client sends the last byte
    /// again.
    Resumable,
    /// No: it is received within one request. A failure ends it, and the client sends everything again.
    OneRequest,
}

pub(super) struct Finisher {
    pub(super) deps: Arc<Dependencies>,
    pub(super) cleaner: Arc<Cleaner>,
    pub(super) eligibility: Arc<Eligibility>,
}

/// A complete video and its verdict, with the ids and the time of its submission. They stay the same for
/// all attempts, so that a retry writes and sends the same data.
struct FinishAttempt<'a> {
    lease: &'a WriteLease,
    details: &'a Details,
    inspection: &'a Inspection,
    submission: SubmissionId,
    receipt: ReceiptId,
    /// Of the receipt's leaf in the transparency log.
    salt: [u8; 32],
    video: VideoId,
    now: Timestamp,
    sha256: Digest,
    length: Length,
}

impl Finisher {
    /// Finishes an upload in a task that cannot be interrupted, and waits for it for a limited time.
    pub(super) async fn finish(
        self: &Arc<Self>,
        lease: WriteLease,
        writer: UploadWriter,
        resume: Resume,
    ) -> Result<Stored, UploadError> {
        let finisher = Arc::clone(self);
        let task = self.deps.tasks.spawn(async move {
            let (id, began) = (lease.row.id, Instant::now());
            let outcome = Box::pin(finisher.run(lease, writer, resume)).await;
            metrics::histogram!("forte_media_finish_seconds").record(began.elapsed());
            if let Err(error) = &outcome {
                tracing::warn!(upload = %id, %error, "video not stored");
            }
            outcome
        });
        match timeout(self.deps.config.finish_wait.unsigned_abs(), task).await {
            Ok(joined) => joined.unwrap_or_else(|e| Err(UploadError::Internal(e.into()))),
            Err(_) => Err(UploadError::StillFinishing),
        }
    }

    async fn run(
        &self,
        mut lease: WriteLease,
        mut writer: UploadWriter,
        resume: Resume,
    ) -> Result<Stored, UploadError> {
        let outcome = self.inspect_and_store(&mut lease, &mut writer).await;
        if let Err(
            UploadError::Unavailable(..) | UploadError::DiskFull(_) | UploadError::Internal(_),
        ) = outcome
        {
            let undone = match resume {
                Resume::Resumable => {
                    let to = writer.last_byte();
                    Box::pin(writer.acknowledge(&lease, to)).await.map(drop)
                }
                Resume::OneRequest => self.cleaner.end(&lease, UploadState::Terminated, None).await,
            };
            // The client gets the first error.
            if let Err(error) = undone {
                tracing::warn!(upload = %lease.row.id, %error, "upload not reopened or ended");
            }
        }
        outcome
    }

    async fn inspect_and_store(
        &self,
        lease: &mut WriteLease,
        writer: &mut UploadWriter,
    ) -> Result<Stored, UploadError> {
        if lease.row.length.is_none() {
            lease.row.length = Some(writer.set_length().await?);
        }
        let inspection = writer.inspect(lease).await?;
        let Some(details) = &lease.row.details else {
            return Err(UploadError::Internal("an upload without a report".into()));
        };
        let Dependencies { clock, random, .. } = &*self.deps;
        let attempt = FinishAttempt {
            lease,
            details,
            inspection: &inspection,
            video: VideoId::mint(clock, random),
            submission: SubmissionId::mint(clock, random),
            receipt: ReceiptId::mint(clock, random),
            salt: random.bytes(),
            now: clock.now(),
            sha256: writer.sha256(),
            length: Length::new(writer.file.length().get()),
        };
        let deadline = Instant::now() + self.deps.config.finish_tries_for.unsigned_abs();
        let mut pause = FIRST_PAUSE;
        loop {
            match Box::pin(self.store(&attempt, writer)).await {
                Err(UploadError::Unavailable(..) | UploadError::DiskFull(_))
                    if Instant::now() + pause < deadline =>
                {
                    sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
    }

    /// One attempt: marks the upload as finishing, checks the report, puts the object, and writes the
    /// rows.
    async fn store(
        &self,
        attempt: &FinishAttempt<'_>,
        writer: &UploadWriter,
    ) -> Result<Stored, UploadError> {
        let upload = attempt.lease.row.id;
        if !self.deps.database.begin_finishing(upload, attempt.lease.fence).await? {
            return self.earlier_result(attempt).await;
        }
        let report = match self.check_report(attempt).await? {
            ControlFlow::Continue(report) => report,
            ControlFlow::Break(outcome) => return self.complete(attempt, outcome).await,
        };
        let key = VideoKey { upload, sha256: attempt.sha256 };
        self.deps.faults.pass("upload.put.before")?;
        let path = writer.file.path();
        self.deps.store.put_video(&key, path, attempt.length, attempt.sha256).await?;
        self.deps.faults.pass("upload.put.after")?;
        let outcome = self.record(attempt, &report).await?;
        self.deps.faults.pass("upload.record.after")?;
        self.complete(attempt, outcome).await
    }

    /// The result of an earlier try whose answer was lost; otherwise another writer has taken over.
    async fn earlier_result(&self, attempt: &FinishAttempt<'_>) -> Result<Stored, UploadError> {
        let FinishAttempt { lease, video, submission, .. } = *attempt;
        let row = self.deps.database.upload(lease.row.id).await?;
        let row = row.filter(|row| row.fence == lease.fence).ok_or(UploadError::TakenOver)?;
        match row.state {
            UploadState::Stored if row.submission == Some(submission) => {
                let outcome = FinishOutcome::Stored { video, submission, reuse: None };
                self.complete(attempt, outcome).await
            }
            UploadState::Unwanted => match self.check_report(attempt).await? {
                ControlFlow::Break(outcome) => Err(self.refusal(attempt, outcome).await?),
                ControlFlow::Continue(_) => Err(UploadError::TakenOver),
            },
            _ => Err(UploadError::TakenOver),
        }
    }

    /// The report, or the outcome if it does not take this video. This is checked before the object is
    /// put, and again in the transaction.
    async fn check_report(
        &self,
        attempt: &FinishAttempt<'_>,
    ) -> Result<ControlFlow<FinishOutcome, ReportRow>, UploadError> {
        let ref_key = attempt.details.ref_key;
        let report = self.deps.database.report(ref_key).await?;
        let report = report.filter(|report| report.company == attempt.lease.row.company);
        let Some(report) = report else {
            return Ok(ControlFlow::Break(FinishOutcome::NoReport));
        };
        let outcome = match Admission::of(report.status, report.held, attempt.sha256) {
            Admission::Submit => {
                let uses = self.eligibility.refused_uses(&attempt.fingerprint()).await?;
                uses.map(|uses| FinishOutcome::Reused { uses })
            }
            Admission::AlreadySubmitted => {
                report.held.map(|held| FinishOutcome::AlreadySubmitted { held })
            }
            Admission::Closed => Some(FinishOutcome::Closed),
            Admission::Repeat => {
                // The submission may be that of an earlier attempt for this upload.
                let held = self.deps.database.latest_video(ref_key).await?;
                held.map(|held| FinishOutcome::Repeats {
                    video: held.stored.video,
                    submission: held.stored.id,
                })
            }
        };
        Ok(outcome.map_or(ControlFlow::Continue(report), ControlFlow::Break))
    }

    async fn record(
        &self,
        attempt: &FinishAttempt<'_>,
        report: &ReportRow,
    ) -> Result<FinishOutcome, UploadError> {
        let verdicts = self.verdicts(attempt, report).await?;
        let upload = &attempt.lease.row;
        let film_link = match upload.owner.person() {
            Some(_) => None,
            None => self.deps.database.film_sender(upload.owner, &upload.device).await?,
        };
        let refuses_reuse = self.eligibility.refuses_reuse();
        let finished = attempt.finished_upload(report, verdicts, film_link, refuses_reuse);
        let outcome = self.deps.database.finish(&finished).await?;
        self.deps.pass_answer("upload.record.answer")?;
        if let FinishOutcome::Stored { reuse: Some(reuse), .. } = &outcome {
            finished.verdicts.iter().chain([reuse]).for_each(count_verdict);
        }
        Ok(outcome)
    }

    /// All verdicts except the one on reuse.
    async fn verdicts(
        &self,
        attempt: &FinishAttempt<'_>,
        report: &ReportRow,
    ) -> Result<Vec<Verdict>, UploadError> {
        let recent = self.deps.limits.recent;
        let history = self.deps.database.history_of(report.company, report.vehicle, recent).await?;
        let evidence = Evidence {
            facts: &attempt.inspection.facts,
            time_sent: attempt.details.time_sent.at,
            recorded_at: attempt.details.declared_recording(),
            place: attempt.details.place,
            begun_at: attempt.lease.row.created_at,
            received_at: attempt.now,
            window: report.window,
            history: &history,
        };
        Ok(judge(&evidence, &self.deps.limits))
    }

    /// Converts the outcome of the transaction into the result of the upload. If the report does not
    /// take the video, the upload ends as unwanted.
    async fn complete(
        &self,
        attempt: &FinishAttempt<'_>,
        outcome: FinishOutcome,
    ) -> Result<Stored, UploadError> {
        let FinishAttempt { lease, sha256, length, .. } = *attempt;
        let id = lease.row.id;
        let error = match outcome {
            FinishOutcome::Stored { video, submission, .. } => {
                let new = length.get().saturating_sub(lease.committed().get());
                metrics::counter!("forte_media_bytes_acknowledged_total").increment(new);
                tracing::info!(upload = %id, %video, %sha256, length = length.get(), "video stored");
                self.deps.wakeup.notify_one();
                self.cleaner.ended(id, UploadState::Stored);
                return Ok(Stored { submission, sha256, length });
            }
            FinishOutcome::Repeats { video, submission } => {
                let (ids, now) = ((video, submission), self.deps.clock.now());
                self.deps.database.end_as_duplicate(id, lease.fence, length, ids, now).await?;
                self.cleaner.clear_in_background(id);
                return Ok(Stored { submission, sha256, length });
            }
            FinishOutcome::Fenced => return Err(UploadError::TakenOver),
            outcome => self.refusal(attempt, outcome).await?,
        };
        self.cleaner.end(lease, UploadState::Unwanted, None).await?;
        Err(error)
    }

    /// The error for a report that does not take the video.
    async fn refusal(
        &self,
        attempt: &FinishAttempt<'_>,
        outcome: FinishOutcome,
    ) -> Result<UploadError, UploadError> {
        Ok(match outcome {
            FinishOutcome::Reused { uses } => {
                let owner = attempt.lease.row.owner;
                let owner = self.deps.database.active_person(owner).await?;
                self.eligibility.reused(owner.as_ref(), uses).await?
            }
            FinishOutcome::AlreadySubmitted { held } => {
                UploadError::AlreadySubmitted { held: Some(held) }
            }
            FinishOutcome::Closed => UploadError::ReportClosed,
            FinishOutcome::OwnerInactive => UploadError::NotFound,
            FinishOutcome::NoReport => UploadError::ReportNotFound,
            FinishOutcome::Stored { .. }
            | FinishOutcome::Repeats { .. }
            | FinishOutcome::Fenced => UploadError::TakenOver,
        })
    }
}

impl FinishAttempt<'_> {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            company: self.lease.row.company,
            ref_key: self.details.ref_key,
            sha256: self.sha256,
            media_sha256: self.inspection.facts.media_sha256,
        }
    }

    fn finished_upload(
        &self,
        report: &ReportRow,
        verdicts: Vec<Verdict>,
        film_link: Option<FilmSender>,
        refuses_reuse: bool,
    ) -> FinishedUpload {
        let Self { lease, details, inspection, submission, video, now, sha256, length, .. } = *self;
        FinishedUpload {
            upload: lease.row.id,
            fence: lease.fence,
            owner: Person { id: lease.row.owner, company: lease.row.company, role: Role::Employee },
            film_link,
            device: lease.row.device.clone(),
            details: details.clone(),
            vehicle: report.vehicle,
            video,
            submission,
            sha256,
            length,
            facts: inspection.facts.clone(),
            notes: inspection.notes.clone(),
            verdicts,
            refuses_reuse,
            // So a recovered database sends the event under the same id.
            event: Uuid::from(submission).into(),
            message: submitted_message,
            receipt: self.receipt,
            salt: hex::encode(self.salt),
            receipt_body: receipt,
            now,
        }
    }
}

fn count_verdict(Verdict { test, outcome, .. }: &Verdict) {
    let labels = [("test", test.as_str()), ("outcome", outcome.as_str())];
    metrics::counter!("forte_media_verdicts_total", &labels).increment(1);
}

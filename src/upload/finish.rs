//! Everything is in: the verdict, the store, the one transaction.

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::blob::VideoKey;
use crate::inspect::{self, Inspection};
use crate::ledger::{FinishOutcome, Finishing};
use crate::model::{
    Arrival, Digest, EventId, Length, Person, Refusal, Role, SubmissionId, UploadId, UploadState,
    VideoId, arrival,
};

use super::append::one_short;
use super::bench::Bench;
use super::gate::Gate;
use super::told::{self, Ids};
use super::{Details, UploadError, Uploads, later, span};

/// The first pause between tries to store a video; each further one is twice as long.
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// A video that is stored and submitted.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    /// The submission it became, or repeats.
    pub submission: SubmissionId,
    /// The video.
    pub video: VideoId,
    /// The hash of its bytes.
    pub sha256: Digest,
    /// How many they are.
    pub length: Length,
    /// Whether the report held these very bytes before (Q32).
    pub repeats: bool,
}

impl Uploads {
    /// Finishes in a task that nobody can interrupt, and waits for it as long as a phone would.
    pub(super) async fn finish_within_patience(
        &self,
        gate: Gate,
        bench: Bench,
    ) -> Result<Stored, UploadError> {
        let Some(details) = gate.row.details.clone() else {
            return Err(UploadError::Internal("an upload without a report".into()));
        };
        let (answer, answered) = oneshot::channel();
        let engine = self.clone();
        self.tasks.spawn(async move {
            let id = gate.row.id;
            let begun = Instant::now();
            let outcome = Box::pin(engine.finish(gate, bench, details)).await;
            metrics::histogram!("forte_media_finish_seconds").record(begun.elapsed());
            if let Err(error) = &outcome {
                tracing::warn!(upload = %id, %error, "not stored");
            }
            // Nobody may be waiting any more.
            let _unheard = answer.send(outcome);
        });
        match timeout(span(self.config.finish_wait), answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(gone)) => Err(UploadError::Internal(Box::new(gone))),
            Err(_) => Err(UploadError::Finishing),
        }
    }

    async fn finish(
        &self,
        gate: Gate,
        mut bench: Bench,
        details: Details,
    ) -> Result<Stored, UploadError> {
        let inspection = match judge(&mut bench, &details) {
            Ok(inspection) => inspection,
            Err(refusal) => return self.refuse(&gate, Some(*refusal)).await,
        };
        let ids = Ids {
            video: VideoId::mint(&self.clock, &self.random),
            submission: SubmissionId::mint(&self.clock, &self.random),
            event: EventId::mint(&self.clock, &self.random),
            now: self.clock.now(),
        };
        let until = Instant::now() + span(self.config.finish_tries_for);
        let mut pause = FIRST_PAUSE;
        loop {
            match Box::pin(self.store(&gate, &bench, &details, &inspection, ids)).await {
                Err(error @ (UploadError::Away(..) | UploadError::Full(_))) => {
                    if Instant::now() + pause >= until {
                        return Box::pin(self.reopen(&gate, &mut bench, error)).await;
                    }
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(error @ UploadError::Internal(_)) => {
                    return Box::pin(self.reopen(&gate, &mut bench, error)).await;
                }
                settled => return settled,
            }
        }
    }

    /// One try: shut the gate, look at the report, put the object, write the rows.
    async fn store(
        &self,
        gate: &Gate,
        bench: &Bench,
        details: &Details,
        inspection: &Inspection,
        ids: Ids,
    ) -> Result<Stored, UploadError> {
        if !self.ledger.begin_finishing(gate.row.id, gate.fence).await? {
            return Err(UploadError::TakenOver);
        }
        let sha256 = bench.warm.sha256();
        let length = Length::new(bench.file.length().get());
        if let Some(ended) = self.unwanted(gate, details, sha256).await? {
            return self.settle_outcome(gate, ended, sha256, length).await;
        }
        let key = VideoKey { upload: gate.row.id, sha256 };
        self.faults.pass("upload.put.before")?;
        self.store.put_video(&key, bench.file.path(), length, sha256).await?;
        self.faults.pass("upload.put.after")?;
        let owner = Person { id: gate.row.owner, company: gate.row.company, role: Role::Employee };
        let finishing = Finishing {
            upload: gate.row.id,
            fence: gate.fence,
            owner,
            details: details.clone(),
            video: ids.video,
            submission: ids.submission,
            sha256,
            length,
            facts: inspection.facts.clone(),
            notes: inspection.notes.clone(),
            telling: told::report_submitted(&ids, details, inspection, sha256, length),
            now: ids.now,
        };
        let outcome = self.ledger.finish(&finishing).await?;
        self.faults.pass("upload.record.after")?;
        self.settle_outcome(gate, outcome, sha256, length).await
    }

    /// A report that wants no video any more is found out before the bytes are put anywhere.
    async fn unwanted(
        &self,
        gate: &Gate,
        details: &Details,
        sha256: Digest,
    ) -> Result<Option<FinishOutcome>, UploadError> {
        let report = self.ledger.report(details.ref_key).await?;
        let report = report.filter(|report| report.company == gate.row.company);
        let Some(report) = report else { return Ok(Some(FinishOutcome::NoReport)) };
        match arrival(report.status, report.held, sha256) {
            Arrival::Submits => Ok(None),
            Arrival::AlreadySubmitted => {
                Ok(report.held.map(|held| FinishOutcome::AlreadySubmitted { held }))
            }
            Arrival::Closed => Ok(Some(FinishOutcome::Closed)),
            Arrival::Repeats => {
                // An earlier try of this very upload may have been carried out.
                let held = self.ledger.latest_video(details.ref_key).await?;
                Ok(held.map(|held| FinishOutcome::Repeats {
                    video: held.id,
                    submission: held.submission,
                }))
            }
        }
    }

    async fn settle_outcome(
        &self,
        gate: &Gate,
        outcome: FinishOutcome,
        sha256: Digest,
        length: Length,
    ) -> Result<Stored, UploadError> {
        let id = gate.row.id;
        match outcome {
            FinishOutcome::Stored { video, submission } => {
                let state = UploadState::Stored.as_str();
                metrics::counter!("forte_media_uploads_finished_total", "state" => state)
                    .increment(1);
                tracing::info!(upload = %id, %video, %sha256, length = length.get(), "video stored");
                self.told.notify_one();
                self.clear_soon(id);
                Ok(Stored { submission, video, sha256, length, repeats: false })
            }
            FinishOutcome::Repeats { video, submission } => {
                let now = self.clock.now();
                self.ledger.end_as_repeat(id, gate.fence, length, (video, submission), now).await?;
                self.clear_soon(id);
                Ok(Stored { submission, video, sha256, length, repeats: true })
            }
            FinishOutcome::Fenced => Err(UploadError::TakenOver),
            unwanted => {
                self.end(gate, UploadState::Unwanted, None).await?;
                Err(match unwanted {
                    FinishOutcome::AlreadySubmitted { held } => {
                        UploadError::AlreadySubmitted { held: Some(held) }
                    }
                    FinishOutcome::Closed => UploadError::Closed,
                    FinishOutcome::OwnerInactive => UploadError::NotFound,
                    _ => UploadError::NoReport,
                })
            }
        }
    }

    /// The video cannot be stored now. What can be made durable is acknowledged, one byte short, and
    /// the phone comes back with the last one. What came in one request is sent anew as a whole.
    async fn reopen(
        &self,
        gate: &Gate,
        bench: &mut Bench,
        error: UploadError,
    ) -> Result<Stored, UploadError> {
        if !gate.resumable {
            return self.give_up(gate, error).await;
        }
        let to = one_short(bench.warm.position());
        // A second failure is no news: the first one is what the phone has to hear of.
        if let Err(second) = self.acknowledge(gate, bench, to).await {
            tracing::warn!(upload = %gate.row.id, error = %second, "nor could it be kept");
        }
        Err(error)
    }

    /// Clears what an ended upload left, once the answer is on its way.
    pub(super) fn clear_soon(&self, id: UploadId) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = engine.clear(id).await {
                tracing::warn!(upload = %id, %error, "its remains wait for the sweep");
            }
        });
    }

    pub(super) fn clear_again_at(&self) -> Timestamp {
        later(self.clock.now(), self.config.clear_again_after)
    }
}

/// The last word of the inspection, and whether these are the bytes the phone announced.
fn judge(bench: &mut Bench, details: &Details) -> Result<Inspection, Box<Refusal>> {
    let actual = bench.warm.sha256();
    let mut inspection = bench.warm.scanner().finish().map_err(Box::new)?;
    inspection.facts.sha256 = Some(actual);
    if let Some(declared) = details.declared.filter(|declared| *declared != actual) {
        let length = inspection.facts.length;
        return Err(Box::new(inspect::digest_mismatch(declared, actual, length)));
    }
    Ok(inspection)
}

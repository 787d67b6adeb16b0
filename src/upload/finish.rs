//! Everything is in: the verdict, the store, the one transaction.

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::database::{FinishOutcome, ReportRow};
use crate::inspect::{self, Inspection};
use crate::model::{
    Arrival, Digest, EventId, Length, Refusal, SubmissionId, UploadId, UploadState, VideoId,
    arrival,
};
use crate::storage::VideoKey;

use super::append::one_short;
use super::bench::Bench;
use super::lease::WriteLease;
use super::told::Ids;
use super::{Details, UploadError, UploadService, later, span};

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

/// What a finish has in hand: the same at each try.
pub(super) struct Hand<'a> {
    pub(super) lease: &'a WriteLease,
    pub(super) details: &'a Details,
    pub(super) inspection: &'a Inspection,
    pub(super) ids: Ids,
    pub(super) sha256: Digest,
    pub(super) length: Length,
}

impl UploadService {
    /// Finishes in a task that nobody can interrupt, and waits for it as long as a phone would.
    pub(super) async fn finish_within_patience(
        &self,
        lease: WriteLease,
        bench: Bench,
    ) -> Result<Stored, UploadError> {
        let Some(details) = lease.row.details.clone() else {
            return Err(UploadError::Internal("an upload without a report".into()));
        };
        let (answer, answered) = oneshot::channel();
        let engine = self.clone();
        self.tasks.spawn(async move {
            let id = lease.row.id;
            let begun = Instant::now();
            let outcome = Box::pin(engine.finish(lease, bench, details)).await;
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
        lease: WriteLease,
        mut bench: Bench,
        details: Details,
    ) -> Result<Stored, UploadError> {
        let inspection = &match judge(&mut bench, &details) {
            Ok(inspection) => inspection,
            Err(refusal) => return self.refuse_for(&lease, &bench, *refusal).await,
        };
        let ids = Ids {
            video: VideoId::mint(&self.clock, &self.random),
            submission: SubmissionId::mint(&self.clock, &self.random),
            event: EventId::mint(&self.clock, &self.random),
            now: self.clock.now(),
        };
        let (sha256, length) = (bench.warm.sha256(), Length::new(bench.file.length().get()));
        let hand = Hand { lease: &lease, details: &details, inspection, ids, sha256, length };
        let until = Instant::now() + span(self.config.finish_tries_for);
        let mut pause = FIRST_PAUSE;
        loop {
            match Box::pin(self.store(&hand, &bench)).await {
                Err(error @ (UploadError::Away(..) | UploadError::Full(_))) => {
                    if Instant::now() + pause >= until {
                        return Box::pin(self.reopen(&lease, &mut bench, error)).await;
                    }
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(error @ UploadError::Internal(_)) => {
                    return Box::pin(self.reopen(&lease, &mut bench, error)).await;
                }
                settled => return settled,
            }
        }
    }

    /// One try: shut the lease, look at the report, put the object, write the rows.
    async fn store(&self, hand: &Hand<'_>, bench: &Bench) -> Result<Stored, UploadError> {
        let upload = hand.lease.row.id;
        if !self.database.begin_finishing(upload, hand.lease.fence).await? {
            return Err(UploadError::TakenOver);
        }
        let report = match self.awaited(hand).await? {
            Ok(report) => report,
            Err(unwanted) => return self.settle_outcome(hand, unwanted).await,
        };
        let key = VideoKey { upload, sha256: hand.sha256 };
        self.faults.pass("upload.put.before")?;
        self.store.put_video(&key, bench.file.path(), hand.length, hand.sha256).await?;
        self.faults.pass("upload.put.after")?;
        let outcome = self.record_judged(hand, &report).await?;
        self.faults.pass("upload.record.after")?;
        self.settle_outcome(hand, outcome).await
    }

    /// The report, if it awaits this video. One that does not is found out before the bytes are put
    /// anywhere.
    async fn awaited(
        &self,
        hand: &Hand<'_>,
    ) -> Result<Result<ReportRow, FinishOutcome>, UploadError> {
        let ref_key = hand.details.ref_key;
        let report = self.database.report(ref_key).await?;
        let report = report.filter(|report| report.company == hand.lease.row.company);
        let Some(report) = report else { return Ok(Err(FinishOutcome::NoReport)) };
        let unwanted = match arrival(report.status, report.held, hand.sha256) {
            Arrival::Submits => self.refused_reuse(hand).await?,
            Arrival::AlreadySubmitted => {
                report.held.map(|held| FinishOutcome::AlreadySubmitted { held })
            }
            Arrival::Closed => Some(FinishOutcome::Closed),
            Arrival::Repeats => {
                // An earlier try of this very upload may have been carried out.
                let held = self.database.latest_video(ref_key).await?;
                held.map(|held| FinishOutcome::Repeats {
                    video: held.id,
                    submission: held.submission,
                })
            }
        };
        Ok(unwanted.map_or(Ok(report), Err))
    }

    async fn settle_outcome(
        &self,
        hand: &Hand<'_>,
        outcome: FinishOutcome,
    ) -> Result<Stored, UploadError> {
        let Hand { lease, sha256, length, .. } = *hand;
        let id = lease.row.id;
        match outcome {
            FinishOutcome::Stored { video, submission } => {
                let state = UploadState::Stored.as_str();
                metrics::counter!("forte_media_uploads_finished_total", "state" => state)
                    .increment(1);
                tracing::info!(upload = %id, %video, %sha256, length = length.get(), "video stored");
                self.wakeup.notify_one();
                self.clear_soon(id);
                Ok(Stored { submission, video, sha256, length, repeats: false })
            }
            FinishOutcome::Repeats { video, submission } => {
                let now = self.clock.now();
                self.database
                    .end_as_duplicate(id, lease.fence, length, (video, submission), now)
                    .await?;
                self.clear_soon(id);
                Ok(Stored { submission, video, sha256, length, repeats: true })
            }
            FinishOutcome::Fenced => Err(UploadError::TakenOver),
            FinishOutcome::Reused { uses } => {
                let links = self.told_to_owner(lease.row.owner, uses).await?;
                self.end(lease, UploadState::Unwanted, None).await?;
                Err(UploadError::Reused { links })
            }
            unwanted => {
                self.end(lease, UploadState::Unwanted, None).await?;
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
        lease: &WriteLease,
        bench: &mut Bench,
        error: UploadError,
    ) -> Result<Stored, UploadError> {
        if !lease.resumable {
            return self.give_up(lease, error).await;
        }
        let to = one_short(bench.warm.position());
        // A second failure is no news: the first one is what the phone has to hear of.
        if let Err(second) = self.acknowledge(lease, bench, to).await {
            tracing::warn!(upload = %lease.row.id, error = %second, "nor could it be kept");
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
    inspection.facts = bench.warm.known(inspection.facts);
    if let Some(declared) = details.declared.filter(|declared| *declared != actual) {
        let length = inspection.facts.length;
        return Err(Box::new(inspect::digest_mismatch(declared, actual, length)));
    }
    Ok(inspection)
}

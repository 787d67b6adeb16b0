//! The verdict on a video before its bytes are sent. Makes the same checks as an upload, but reports all
//! failures instead of the first one. Writes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::database::ContentId;
use crate::inspect::{self, FilePart, Preview, PreviewCoverage};
use crate::model::{
    Digest, Facts, Finding, Length, Person, PersonId, RateLimiter, RefKey, Refusal, Verdict,
};

use super::dependencies::Dependencies;
use super::eligibility::Eligibility;
use super::error::UploadError;
use super::refusal_cache::RefusalCache;
use super::scan::HeadHash;

/// How many preflights one person can have in progress: one that hangs, and its retry.
const MAX_PER_PERSON: usize = 2;

/// The interval of the rate limit per person.
pub(super) const RATE_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// A video that a client may send.
#[derive(Debug, Clone)]
pub struct Preflight {
    pub person: Person,
    /// The report, if the request names one that can be parsed.
    pub ref_key: Option<RefKey>,
    pub length: Length,
    /// The hash of the whole file.
    pub sha256: Option<Digest>,
    /// The first bytes of the file.
    pub head: Bytes,
    /// The box `moov` and its position, when it is not in the first bytes.
    pub moov: Option<(u64, Bytes)>,
}

/// The result of a preflight.
#[derive(Debug)]
pub struct Preflighted {
    /// Everything it would be refused for, in the order in which an upload would fail.
    pub reasons: Vec<UploadError>,
    pub notes: Vec<Finding>,
    pub facts: Facts,
    /// How much of the file could be judged.
    pub judged: PreviewCoverage,
    /// The verdict on reuse. The verdicts on time and place are withheld, because a client could try
    /// values until they pass.
    pub verdicts: Vec<Verdict>,
}

/// Limits and checks of preflights.
pub struct Preflights {
    pub(super) deps: Arc<Dependencies>,
    pub(super) readers: Arc<Semaphore>,
    pub(super) eligibility: Arc<Eligibility>,
    pub(super) refusals: Arc<RefusalCache>,
    /// The rate limit per person.
    pub(super) recent: RateLimiter,
    /// How many run at a time.
    pub(super) permits: Arc<Semaphore>,
    pub(super) in_progress: InProgress,
}

/// The preflights in progress of each person, counted by references.
#[derive(Default)]
pub(super) struct InProgress(Mutex<HashMap<PersonId, Weak<()>>>);

/// The permit for one preflight. It is held until the bytes are judged, which bounds the memory of all
/// preflights together and of each person's.
pub struct PreflightPermit(
    #[expect(dead_code, reason = "held until drop")] (OwnedSemaphorePermit, Arc<()>),
);

impl InProgress {
    /// Counts one more preflight of this person until the result is dropped; `None` if the person has
    /// too many.
    fn enter(&self, person: PersonId) -> Option<Arc<()>> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, references| references.strong_count() > 0);
        let reference = people.get(&person).and_then(Weak::upgrade).unwrap_or_default();
        people.insert(person, Arc::downgrade(&reference));
        (Arc::strong_count(&reference) <= MAX_PER_PERSON).then_some(reference)
    }
}

impl Preflights {
    /// Admits a preflight, before its body is read.
    pub fn admit(&self, person: &Person) -> Result<PreflightPermit, UploadError> {
        if person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        let PersonId(id) = person.id;
        let (key, now) = (id.to_string(), self.deps.clock.now());
        if let Some(retry_after) = self.recent.retry_after(&key, now) {
            return Err(UploadError::TooManyPreflights { retry_after });
        }
        self.recent.record(&key, now);
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        let permit = permit.map_err(|_| UploadError::PreflightsBusy)?;
        let counted = self.in_progress.enter(person.id).ok_or(UploadError::PreflightsBusy)?;
        Ok(PreflightPermit((permit, counted)))
    }

    /// Everything that an upload of this video would be refused for.
    pub async fn run(
        &self,
        preflight: Preflight,
        permit: PreflightPermit,
    ) -> Result<Preflighted, UploadError> {
        let Preflight { person, ref_key, length, sha256, .. } = preflight;
        let (mut reasons, mut verdicts) = (Vec::new(), Vec::new());
        let max = self.deps.config.max_length;
        if length > max {
            reasons.push(UploadError::TooLong { max: max.get() });
        }
        if let Some(ref_key) = ref_key {
            reasons.extend(self.report_refusal(&person, ref_key).await?);
            if let Some(sha256) = sha256 {
                let reuse = self.eligibility.reuse_verdict(&person, ref_key, sha256).await?;
                verdicts = reuse.0;
                reasons.extend(reuse.1);
            }
        }
        let head = HeadHash::of(&preflight.head);
        let Preview { reasons: found, notes, facts, coverage } =
            self.preview(preflight, permit).await?;
        let id = |ref_key| ContentId { ref_key, length: Some(length), declared: sha256, head };
        if let Some(id) = ref_key.map(id)
            && let Some(refusal) = self.refusals.find(person.company, &id).await?
            && found.iter().all(|finding| finding.check != refusal.finding.check)
        {
            reasons.push(UploadError::RefusedBefore(Box::new(refusal)));
        }
        reasons.extend(found.into_iter().map(|finding| {
            let judged_after = length.get();
            UploadError::Refused(Box::new(Refusal { finding, judged_after, notes: Vec::new() }))
        }));
        Ok(Preflighted { reasons, notes, facts, judged: coverage, verdicts })
    }

    /// The reason for which the report takes no video. An unknown report is an error instead.
    async fn report_refusal(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<Option<UploadError>, UploadError> {
        match self.eligibility.check_open(person, ref_key).await {
            Ok(()) => Ok(None),
            Err(error @ (UploadError::AlreadySubmitted { .. } | UploadError::ReportClosed)) => {
                Ok(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Inspects the parts, off the async threads. Shares the limit on parsed `moov` boxes.
    async fn preview(
        &self,
        preflight: Preflight,
        permit: PreflightPermit,
    ) -> Result<Preview, UploadError> {
        // The semaphore is never closed.
        let reader = Arc::clone(&self.readers).acquire_owned().await;
        let (rules, now) = (Arc::clone(&self.deps.rules), self.deps.clock.now());
        let previewing = spawn_blocking(move || {
            let head = FilePart { at: 0, bytes: &preflight.head };
            let moov = preflight.moov.as_ref().map(|(at, bytes)| FilePart { at: *at, bytes });
            let parts: Vec<FilePart> = [Some(head), moov].into_iter().flatten().collect();
            let preview = inspect::preview(&rules, preflight.length, now, &parts);
            // Released on this thread, because the request may have been cancelled while the bytes are
            // still judged.
            drop((reader, permit));
            preview
        });
        previewing.await.map_err(|error| UploadError::Internal(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_can_have_two_preflights_in_progress_whatever_others_have() {
        let in_progress = InProgress::default();
        let (one, other) = (PersonId(1), PersonId(2));
        let [first, second] = [one, one].map(|person| in_progress.enter(person).unwrap());
        let foreign = in_progress.enter(other).unwrap();
        assert!(in_progress.enter(one).is_none());
        drop((first, foreign));
        let third = in_progress.enter(one).unwrap();
        assert!(in_progress.enter(one).is_none());
        assert!(!in_progress.0.lock().unwrap().contains_key(&other), "the entry is removed");
        drop((second, third));
    }
}

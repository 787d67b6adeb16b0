//! What can be said of a video before its bytes are paid for (`features.md` D2).
//!
//! Asks the same questions as an upload, and goes on after the first "no": whoever has to film anew
//! wants to know all that is asked of the film. Writes nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::database::ContentId;
use crate::inspect::{self, FilePart, Preview, PreviewCoverage};
use crate::model::{
    Digest, Facts, Finding, Length, Person, PersonId, Recent, RefKey, Refusal, Verdict,
};

use super::head::Head;
use super::{Config, UploadError, UploadService};

/// Preflights that one person has at a time at most: one that hangs, and the next try.
const AT_ONCE_EACH: usize = 2;

/// The stretch in which preflights of one person count.
const LATELY: SignedDuration = SignedDuration::from_secs(60);

/// A video that may come.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// Who would send it.
    pub person: Person,
    /// For which report, if that could be read.
    pub ref_key: Option<RefKey>,
    /// How long it is.
    pub length: Length,
    /// The hash of all its bytes.
    pub sha256: Option<Digest>,
    /// Its first bytes.
    pub head: Bytes,
    /// Its `moov`, with its place, when it does not lie in the first bytes.
    pub moov: Option<(u64, Bytes)>,
}

/// What an upload would meet.
#[derive(Debug)]
pub struct Preflighted {
    /// All that it would be refused for, in the order in which it would be.
    pub reasons: Vec<UploadError>,
    /// What else was noticed.
    pub notes: Vec<Finding>,
    /// What is known of the video.
    pub facts: Facts,
    /// How much of it could be judged.
    pub judged: PreviewCoverage,
    /// What reviewers will read beside it, as far as it is certain now: whether the file was sent for
    /// another report. How plausible time and place are is not told before: it would be tried at.
    pub verdicts: Vec<Verdict>,
}

/// How often, and how many at a time.
pub(super) struct Preflights {
    asked: Recent,
    places: Arc<Semaphore>,
    under_way: UnderWay,
}

/// How many each person has under way.
#[derive(Default)]
struct UnderWay(Mutex<HashMap<PersonId, usize>>);

/// The right to one preflight: its bytes may be read. It is held until they have been judged, and bounds
/// what all preflights together keep in memory, and how many of them one person keeps.
pub struct Place {
    #[expect(dead_code, reason = "is held")]
    among_all: OwnedSemaphorePermit,
    person: PersonId,
    engine: UploadService,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.engine.0.preflights.under_way.leave(self.person);
    }
}

impl Preflights {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            asked: Recent::new(config.preflights_per_minute, LATELY),
            places: Arc::new(Semaphore::new(config.preflights_at_once)),
            under_way: UnderWay::default(),
        }
    }
}

impl UnderWay {
    /// Whether this person may have one more.
    fn enter(&self, person: PersonId) -> bool {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = under_way.entry(person).or_default();
        let enters = *mine < AT_ONCE_EACH;
        *mine += usize::from(enters);
        enters
    }

    fn leave(&self, person: PersonId) {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut mine) = under_way.entry(person) {
            *mine.get_mut() -= 1;
            if *mine.get() == 0 {
                mine.remove();
            }
        }
    }
}

impl UploadService {
    /// Lets a preflight in, before any of it is read.
    ///
    /// # Errors
    /// [`UploadError::Forbidden`], [`UploadError::TooOften`], [`UploadError::Crowded`].
    pub fn begin_preflight(&self, person: &Person) -> Result<Place, UploadError> {
        if person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        let preflights = &self.0.preflights;
        let PersonId(id) = person.id;
        let (key, now) = (id.to_string(), self.clock.now());
        if let Some(wait) = preflights.asked.too_often(&key, now) {
            return Err(UploadError::TooOften { wait });
        }
        preflights.asked.note(&key, now);
        let among_all = Arc::clone(&preflights.places).try_acquire_owned();
        let among_all = among_all.map_err(|_| UploadError::Crowded)?;
        if !preflights.under_way.enter(person.id) {
            return Err(UploadError::Crowded);
        }
        Ok(Place { among_all, person: person.id, engine: self.clone() })
    }

    /// Says all that an upload of this video would be refused for.
    ///
    /// # Errors
    /// [`UploadError::NoReport`], or when the database is away.
    pub async fn preflight(
        &self,
        asked: Preflight,
        place: Place,
    ) -> Result<Preflighted, UploadError> {
        let mut reasons = Vec::new();
        let max = self.config.max_length;
        if asked.length > max {
            reasons.push(UploadError::TooLong { max: max.get() });
        }
        let mut verdicts = Vec::new();
        if let Some(ref_key) = asked.ref_key {
            reasons.extend(self.against_the_report(&asked.person, ref_key).await?);
            if let Some(sha256) = asked.sha256 {
                let (found, refused) = self.used_before(&asked.person, ref_key, sha256).await?;
                verdicts = found;
                reasons.extend(refused);
            }
        }
        let (length, marks) = (asked.length, marks(&asked));
        let company = asked.person.company;
        let Preview { reasons: found, notes, facts, coverage: judged } =
            self.looked_at(asked, place).await?;
        if let Some(marks) = marks
            && let Some(refusal) = self.refused_before(company, &marks).await?
            && found.iter().all(|finding| finding.check != refusal.finding.check)
        {
            reasons.push(UploadError::RefusedBefore(Box::new(refusal)));
        }
        reasons.extend(found.into_iter().map(|finding| {
            let judged_after = length.get();
            UploadError::Refused(Box::new(Refusal { finding, judged_after, notes: Vec::new() }))
        }));
        Ok(Preflighted { reasons, notes, facts, judged, verdicts })
    }

    /// Whether the report awaits a video. That it is not there is no reason but the end.
    async fn against_the_report(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<Option<UploadError>, UploadError> {
        match self.awaits(person, ref_key).await {
            Ok(()) => Ok(None),
            Err(why @ (UploadError::AlreadySubmitted { .. } | UploadError::Closed)) => {
                Ok(Some(why))
            }
            Err(error) => Err(error),
        }
    }

    /// The inspection, off the async threads, as many at a time as read a `moov`.
    async fn looked_at(&self, asked: Preflight, place: Place) -> Result<Preview, UploadError> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.0.readers).acquire_owned().await;
        let (rules, now) = (Arc::clone(&self.rules), self.clock.now());
        let looked = spawn_blocking(move || {
            let head = FilePart { at: 0, bytes: &asked.head };
            let moov = asked.moov.as_ref().map(|(at, bytes)| FilePart { at: *at, bytes });
            let parts: Vec<FilePart> = [Some(head), moov].into_iter().flatten().collect();
            let preview = inspect::preview(&rules, asked.length, now, &parts);
            // Only now, for nobody may be waiting any more.
            drop((permit, place));
            preview
        });
        looked.await.map_err(|ended| UploadError::Internal(ended.into()))
    }
}

/// What the video would be known by, if it was refused before.
fn marks(asked: &Preflight) -> Option<ContentId> {
    let head = Head::of(&asked.head);
    let (length, declared) = (Some(asked.length), asked.sha256);
    asked.ref_key.map(|ref_key| ContentId { ref_key, length, declared, head })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_two_under_way_and_takes_no_place_from_others() {
        let under_way = UnderWay::default();
        let (one, other) = (PersonId(1), PersonId(2));
        assert!(under_way.enter(one) && under_way.enter(one));
        assert!(!under_way.enter(one) && under_way.enter(other));
        under_way.leave(one);
        assert!(under_way.enter(one) && !under_way.enter(one));
        under_way.leave(other);
        assert!(!under_way.0.lock().unwrap().contains_key(&other), "nothing is left behind");
    }
}

//! Bytes that were refused are not sent again (`conventions.md` §5.1): a client that was restarted
//! does not know of the refusal, and would pay for them once more.
//!
//! Only refusals are remembered that hold for the very bytes: those of what a video is, which damage
//! on the way hardly makes, and any of a whole file whose hash is the announced one. A hash that was
//! announced for bytes of which not all have come is not believed: such bytes are known by their
//! first ones. Rules that have been changed since begin with a clean slate. Nothing that goes wrong
//! here stops an upload.

use crate::database::{ContentId, UploadRow};
use crate::model::{Check, CompanyId, Person, Refusal, UploadState};

use super::bench::Bench;
use super::head::HEAD;
use super::lease::WriteLease;
use super::{Details, Said, UploadError, UploadService};

/// What a video is, and what the operator wants of it. Bytes that were lost, doubled or damaged on
/// the way break boxes; they seldom make another codec of a picture, or a second of an hour.
const OF_THE_VIDEO: [Check; 10] = [
    Check::Quicktime,
    Check::RecordingNotFinalised,
    Check::MoovMissing,
    Check::NoVideoTrack,
    Check::CodecUnsupported,
    Check::Encrypted,
    Check::ExternalData,
    Check::DurationOutOfRange,
    Check::NoSamples,
    Check::NoFragments,
];

/// What an upload is to be compared with once its first 64 KiB are in.
pub(super) struct Watch {
    sought: Option<(CompanyId, ContentId)>,
    found: Option<Refusal>,
}

impl Watch {
    /// Over an upload whose length and report are known, once: what was longer when a request began
    /// has been compared by another.
    pub(super) fn over(row: &UploadRow) -> Self {
        let begins = row.committed.get() < HEAD as u64;
        let marks = row.details.as_ref().filter(|_| begins).map(|details| ContentId {
            ref_key: details.ref_key,
            length: row.length,
            declared: details.declared,
            head: None,
        });
        let sought = marks.filter(|marks| marks.length.is_some());
        Self { sought: sought.map(|marks| (row.company, marks)), found: None }
    }

    /// The refusal of these very bytes, if there was one.
    pub(super) fn found(&mut self) -> Option<Refusal> {
        self.found.take()
    }
}

impl UploadService {
    /// The refusal that is remembered of bytes with these marks, by the rules of now.
    pub(super) async fn refused_before(
        &self,
        company: CompanyId,
        marks: &ContentId,
    ) -> Result<Option<Refusal>, UploadError> {
        if !self.rules.enforce {
            return Ok(None);
        }
        let since = self.clock.now().saturating_sub(self.config.refusals_kept);
        let since = since.unwrap_or(jiff::Timestamp::MIN);
        Ok(self.database.refused_before(company, marks, self.rules.fingerprint(), since).await?)
    }

    /// Refuses bytes whose announced hash is that of a video which was refused for this report.
    pub(super) async fn not_again(
        &self,
        person: &Person,
        marks: &ContentId,
    ) -> Result<(), UploadError> {
        if marks.declared.is_none() {
            return Ok(());
        }
        match self.refused_before(person.company, marks).await? {
            Some(refusal) => Err(once_more(refusal)),
            None => Ok(()),
        }
    }

    /// Whether the bytes on the bench are no good: by the inspection, or because they were refused
    /// before, which is looked up once.
    pub(super) async fn is_refused(&self, bench: &mut Bench) -> bool {
        if bench.warm.scanner().refusal().is_some() {
            return true;
        }
        let Some(head) = bench.warm.head() else { return false };
        let Some((company, marks)) = bench.watch.sought.take() else { return false };
        let marks = ContentId { head: Some(head), ..marks };
        match self.refused_before(company, &marks).await {
            Ok(found) => bench.watch.found = found,
            Err(error) => tracing::warn!(%error, "not compared with what was refused before"),
        }
        bench.watch.found.is_some()
    }

    /// The bytes were refused before: the upload ends, for the same reason.
    pub(super) async fn refuse_again<T>(
        &self,
        lease: &WriteLease,
        refusal: Refusal,
    ) -> Result<T, UploadError> {
        tracing::info!(upload = %lease.row.id, code = %refusal.finding.check, "refused once more");
        self.end(lease, UploadState::Refused, Some(&refusal)).await?;
        Err(once_more(refusal))
    }
}

fn once_more(refusal: Refusal) -> UploadError {
    metrics::counter!("forte_media_refused_again_total").increment(1);
    UploadError::RefusedBefore(Box::new(refusal))
}

/// What the bytes on the bench will be known by, if their refusal says something of the file itself.
pub(super) fn marks(lease: &WriteLease, bench: &Bench, refusal: &Refusal) -> Option<ContentId> {
    let Said { ref_key, declared } = said(lease)?;
    let (came, head) = (bench.warm.sha256(), bench.warm.head());
    let is_declared = declared == Some(came);
    let reaches = |length| bench.warm.position().reaches(length);
    let is_whole = is_declared || lease.row.length.is_some_and(reaches);
    let is_another = is_whole && declared.is_some_and(|declared| declared != came);
    let holds = is_declared || OF_THE_VIDEO.contains(&refusal.finding.check);
    // What was announced is not known to be the hash of these bytes before all of them have come.
    let declared = is_whole.then_some(came);
    let marks = ContentId { ref_key, length: lease.row.length, declared, head };
    (holds && !is_another).then_some(marks)
}

fn said(lease: &WriteLease) -> Option<Said> {
    let of = |details: &Details| Said { ref_key: details.ref_key, declared: details.declared };
    lease.row.details.as_ref().map(of).or(lease.said)
}

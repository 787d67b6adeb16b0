//! Remembers refused videos, so that a client that was restarted does not send one again.
//!
//! Two kinds of refusals are remembered: those of the kind of video (codec, duration, no video track),
//! which damage in transit hardly causes, and any refusal of a complete file that has the declared hash.
//! The declared hash of an incomplete file is not trusted; such a file is identified by its first
//! 64 KiB, its head. If the rules change, the entries no longer match. A failure of the cache never
//! stops an upload.

use std::sync::Arc;

use jiff::Timestamp;

use crate::database::{ContentId, Details, UploadRow};
use crate::model::{Check, CompanyId, Digest, Length, RefKey, Refusal, UploadState};

use super::cleaner::Cleaner;
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::locks::WriteLease;
use super::scan::HEAD_LENGTH;

/// Checks of the kind of video. Bytes that were lost, repeated or damaged in transit break boxes; they
/// seldom change a codec, or turn a second into an hour.
const FILE_CHECKS: [Check; 10] = [
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

/// What a client declares about a video before it sends the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    pub ref_key: RefKey,
    pub sha256: Option<Digest>,
}

impl From<&Details> for Declaration {
    fn from(details: &Details) -> Self {
        Self { ref_key: details.ref_key, sha256: details.declared }
    }
}

/// Whether a refusal holds for the file itself, and not only for what arrived of it.
pub(super) fn concerns_file(refusal: &Refusal) -> bool {
    FILE_CHECKS.contains(&refusal.finding.check)
}

/// The lookup of an upload's first 64 KiB, and its result.
pub(super) struct HeadCheck {
    pending: Option<(CompanyId, ContentId)>,
    found: Option<Refusal>,
}

impl HeadCheck {
    /// Checks once per upload, and only if length and report are known. If the head was complete when
    /// this request began, an earlier request has checked it.
    pub(super) fn new(row: &UploadRow) -> Self {
        let begins = row.committed.get() < HEAD_LENGTH as u64;
        let details = row.details.as_ref().filter(|_| begins && row.length.is_some());
        let pending = details.map(|details| ContentId {
            ref_key: details.ref_key,
            length: row.length,
            declared: details.declared,
            head: None,
        });
        Self { pending: pending.map(|id| (row.company, id)), found: None }
    }

    /// Looks the head up as soon as it is complete. Returns whether the same bytes were refused before.
    pub(super) async fn look_up(&mut self, head: Option<Digest>, cache: &RefusalCache) -> bool {
        if let Some(head) = head
            && let Some((company, id)) = self.pending.take()
        {
            match cache.find(company, &ContentId { head: Some(head), ..id }).await {
                Ok(found) => self.found = found,
                Err(error) => tracing::warn!(%error, "earlier refusals could not be looked up"),
            }
        }
        self.found.is_some()
    }

    pub(super) fn take_refusal(&mut self) -> Option<Refusal> {
        self.found.take()
    }
}

/// Refused videos by report and content, in the database.
pub(super) struct RefusalCache {
    pub(super) deps: Arc<Dependencies>,
    pub(super) cleaner: Arc<Cleaner>,
}

impl RefusalCache {
    /// The refusal of the same content under the current rules.
    pub(super) async fn find(
        &self,
        company: CompanyId,
        id: &ContentId,
    ) -> Result<Option<Refusal>, UploadError> {
        let Dependencies { config, rules, clock, database, .. } = &*self.deps;
        if !rules.enforce {
            return Ok(None);
        }
        let since = clock.now().saturating_sub(config.refusals_kept).unwrap_or(Timestamp::MIN);
        Ok(database.refused_before(company, id, rules.fingerprint(), since).await?)
    }

    /// Fails when a video with the declared hash was refused for this report before.
    pub(super) async fn check_declared(
        &self,
        company: CompanyId,
        Declaration { ref_key, sha256: declared }: Declaration,
        length: Option<Length>,
    ) -> Result<(), UploadError> {
        if declared.is_none() {
            return Ok(());
        }
        let id = ContentId { ref_key, length, declared, head: None };
        self.find(company, &id).await?.map_or(Ok(()), |refusal| Err(refused_before(refusal)))
    }

    /// Ends an upload that the inspection refuses, and remembers the refusal for this content; `None`: the
    /// refusal is not remembered. Returns the error for the client: the refusal, or why the upload did not
    /// end.
    pub(super) async fn end_refused(
        &self,
        lease: &WriteLease,
        refusal: Refusal,
        content: Option<ContentId>,
    ) -> UploadError {
        metrics::counter!("forte_media_refusals_total", "code" => refusal.finding.check.code())
            .increment(1);
        #[expect(clippy::cast_precision_loss, reason = "a file size, far below 2^52")]
        metrics::histogram!("forte_media_refused_after_bytes").record(refusal.judged_after as f64);
        tracing::info!(upload = %lease.row.id, code = %refusal.finding.check,
            at = refusal.finding.at, judged_after = refusal.judged_after, "video refused");
        let key = content.as_ref().map(|content| (content, self.deps.rules.fingerprint()));
        let (upload, now) = ((lease.row.id, lease.fence), self.deps.clock.now());
        let ended = match self.deps.database.refuse_upload(upload, &refusal, key, now).await {
            Ok(ended) => self.cleaner.complete_end(lease, UploadState::Refused, ended),
            Err(error) => Err(error.into()),
        };
        ended.err().unwrap_or_else(|| UploadError::Refused(Box::new(refusal)))
    }

    /// Ends an upload whose bytes were refused before. Returns the error for the client.
    pub(super) async fn end_refused_before(
        &self,
        lease: &WriteLease,
        refusal: Refusal,
    ) -> UploadError {
        tracing::info!(upload = %lease.row.id, code = %refusal.finding.check,
            "video refused again from the cache");
        let ended = self.cleaner.end(lease, UploadState::Refused, Some(&refusal)).await;
        ended.err().unwrap_or_else(|| refused_before(refusal))
    }
}

fn refused_before(refusal: Refusal) -> UploadError {
    metrics::counter!("forte_media_refused_again_total").increment(1);
    UploadError::RefusedBefore(Box::new(refusal))
}

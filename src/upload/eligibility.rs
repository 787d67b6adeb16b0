//! Whether a report takes a video from a person: its state, its visibility, and reused videos.

use std::sync::Arc;

use crate::database::{Fingerprint, ReportRow};
use crate::model::plausibility::{MAX_LINKS, for_driver, reuse};
use crate::model::{Digest, EarlierUse, Person, RefKey, ReportStatus, Verdict};

use super::config::Reuse;
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::refusal_cache::Declaration;

pub(super) struct Eligibility {
    pub(super) deps: Arc<Dependencies>,
}

impl Eligibility {
    /// The report, if the person may send videos for it: it must belong to the person's company, and the
    /// person must be allowed to see its vehicle. Reviewers may not send videos, because they could
    /// approve their own.
    pub(super) async fn report(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<ReportRow, UploadError> {
        if person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        let report = self.deps.database.report_of(person.company, ref_key).await?;
        // Also for a report that was not found, so that timing reveals nothing.
        let is_visible = self.deps.database.may_see_report(person, ref_key).await?;
        report.filter(|_| is_visible).ok_or(UploadError::ReportNotFound)
    }

    /// Fails unless the report waits for a video.
    pub(super) async fn check_open(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<(), UploadError> {
        let report = self.report(person, ref_key).await?;
        match report.status {
            ReportStatus::AwaitingVideo | ReportStatus::Rejected => Ok(()),
            ReportStatus::Submitted => Err(UploadError::AlreadySubmitted { held: report.held }),
            ReportStatus::Approved => Err(UploadError::ReportClosed),
        }
    }

    /// Fails if another report holds a video with the declared hash and such videos are refused: the
    /// driver should learn that before paying for the bytes.
    pub(super) async fn check_reuse(
        &self,
        person: &Person,
        declaration: Declaration,
    ) -> Result<(), UploadError> {
        let Some(sha256) = declaration.sha256 else { return Ok(()) };
        let uses = self.refused_uses(&fingerprint(person, declaration.ref_key, sha256)).await?;
        match uses {
            Some(uses) => Err(self.reused(Some(person), uses).await?),
            None => Ok(()),
        }
    }

    /// The verdict on earlier uses of a file as this person may see it, and the refusal if there is one.
    pub(super) async fn reuse_verdict(
        &self,
        person: &Person,
        ref_key: RefKey,
        sha256: Digest,
    ) -> Result<(Vec<Verdict>, Option<UploadError>), UploadError> {
        let uses = self.deps.database.earlier_uses(&fingerprint(person, ref_key, sha256)).await?;
        let verdict = reuse(&uses);
        let linked: Vec<_> = verdict.links.iter().map(|link| link.report_ref_key).collect();
        let visible = self.deps.database.visible_reports(person, &linked).await?;
        let verdicts = for_driver(vec![verdict], |ref_key| visible.contains(&ref_key));
        if !self.refuses(&uses) {
            return Ok((verdicts, None));
        }
        Ok((verdicts, Some(self.reused(Some(person), uses).await?)))
    }

    /// The earlier uses of a video, if it is refused because of them.
    pub(super) async fn refused_uses(
        &self,
        video: &Fingerprint,
    ) -> Result<Option<Vec<EarlierUse>>, UploadError> {
        if !self.refuses_reuse() {
            return Ok(None);
        }
        let uses = self.deps.database.earlier_uses(video).await?;
        Ok(self.refuses(&uses).then_some(uses))
    }

    pub(super) fn refuses_reuse(&self) -> bool {
        self.deps.config.reuse == Reuse::Refuse
    }

    /// Whether a video is refused because of these uses. Reports that no longer hold the video do not
    /// count.
    fn refuses(&self, uses: &[EarlierUse]) -> bool {
        self.refuses_reuse() && uses.iter().any(|earlier| earlier.held)
    }

    /// The error for a reused video, with the uses that the person may see.
    pub(super) async fn reused(
        &self,
        person: Option<&Person>,
        mut uses: Vec<EarlierUse>,
    ) -> Result<UploadError, UploadError> {
        let Some(person) = person else { return Ok(UploadError::Reused { links: Vec::new() }) };
        uses.retain(|earlier| earlier.held);
        let ref_keys: Vec<_> = uses.iter().map(|earlier| earlier.report_ref_key).collect();
        let visible = self.deps.database.visible_reports(person, &ref_keys).await?;
        uses.retain(|earlier| visible.contains(&earlier.report_ref_key));
        uses.truncate(MAX_LINKS);
        Ok(UploadError::Reused { links: uses })
    }
}

fn fingerprint(person: &Person, ref_key: RefKey, sha256: Digest) -> Fingerprint {
    Fingerprint { company: person.company, ref_key, sha256, media_sha256: None }
}

//! Is it what it says it is? The verdicts of a finish, and what is done with a video that came before.
//!
//! What earlier videos are like is looked up before the one transaction; whether this one came before is
//! settled within it, since two with the same bytes may finish at once. The transaction says what it has
//! found when that is not what the verdicts know of, and is tried again with it.

use crate::database::{Fingerprint, FinishOutcome, FinishedUpload, ReportRow};
use crate::model::plausibility::{Known, MOST_LINKS, for_driver, judge, reuse};
use crate::model::{Digest, EarlierUse, Person, PersonId, RefKey, Role, Verdict};

use super::config::Reuse;
use super::finish::Hand;
use super::{UploadError, UploadService, told};

/// How often the one transaction is tried because of what it found. Twice settles it, unless a report
/// that holds the video is decided on in between.
const ROUNDS: usize = 4;

/// Other reports with the same video are decided on faster than this one is stored.
#[derive(Debug, thiserror::Error)]
#[error("the earlier uses of the video keep changing")]
struct Unsettled;

impl UploadService {
    /// Writes the rows, with verdicts that know of every earlier use of the video.
    pub(super) async fn record_judged(
        &self,
        hand: &Hand<'_>,
        report: &ReportRow,
    ) -> Result<FinishOutcome, UploadError> {
        let verdicts = self.verdicts(hand, report).await?;
        let mut uses = Vec::new();
        for _ in 0..ROUNDS {
            let finishing = finishing(hand, report, &verdicts, uses);
            match self.database.finish(&finishing).await? {
                FinishOutcome::Reused { uses: found } if !self.refuses(&found) => uses = found,
                outcome => {
                    if matches!(outcome, FinishOutcome::Stored { .. }) {
                        count(&finishing.verdicts);
                    }
                    return Ok(outcome);
                }
            }
        }
        Err(UploadError::Away("database", Box::new(Unsettled)))
    }

    /// Every verdict but that of reuse.
    async fn verdicts(
        &self,
        hand: &Hand<'_>,
        report: &ReportRow,
    ) -> Result<Vec<Verdict>, UploadError> {
        let recent = self.limits.recent;
        let past = self.database.history_of(report.company, report.vehicle, recent).await?;
        let known = Known {
            facts: &hand.inspection.facts,
            time_sent: hand.details.time_sent.at,
            place: hand.details.place,
            begun_at: hand.lease.row.created_at,
            received_at: hand.ids.now,
            window: report.window,
            past: &past,
        };
        Ok(judge(&known, &self.limits))
    }

    /// A video that is refused for its reuse is found out before its bytes are put anywhere.
    pub(super) async fn refused_reuse(
        &self,
        hand: &Hand<'_>,
    ) -> Result<Option<FinishOutcome>, UploadError> {
        if self.config.reuse == Reuse::Note {
            return Ok(None);
        }
        let uses = self.database.earlier_uses(&fingerprint(hand)).await?;
        Ok(self.refuses(&uses).then_some(FinishOutcome::Reused { uses }))
    }

    /// Whether a new upload that announces its hash is not refused for its reuse: better said now than
    /// after the driver has paid for the bytes.
    pub(super) async fn not_used(
        &self,
        person: &Person,
        ref_key: RefKey,
        declared: Option<Digest>,
    ) -> Result<(), UploadError> {
        let Some(sha256) = declared.filter(|_| self.config.reuse == Reuse::Refuse) else {
            return Ok(());
        };
        let of = Fingerprint { company: person.company, ref_key, sha256, media_sha256: None };
        let uses = self.database.earlier_uses(&of).await?;
        self.against(person, uses).await?.map_or(Ok(()), Err)
    }

    /// What a driver may know ahead of earlier uses of a file, and whether they are the end of it.
    pub(super) async fn used_before(
        &self,
        person: &Person,
        ref_key: RefKey,
        sha256: Digest,
    ) -> Result<(Vec<Verdict>, Option<UploadError>), UploadError> {
        let of = Fingerprint { company: person.company, ref_key, sha256, media_sha256: None };
        let uses = self.database.earlier_uses(&of).await?;
        let verdict = reuse(&uses);
        let ref_keys: Vec<_> = verdict.links.iter().map(|link| link.report_ref_key).collect();
        let seen = self.database.visible_reports(person, &ref_keys).await?;
        let verdicts = for_driver(vec![verdict], |key| seen.contains(&key));
        Ok((verdicts, self.against(person, uses).await?))
    }

    /// The refusal for these uses, if they are one, as this person may read it.
    async fn against(
        &self,
        person: &Person,
        uses: Vec<EarlierUse>,
    ) -> Result<Option<UploadError>, UploadError> {
        if !self.refuses(&uses) {
            return Ok(None);
        }
        Ok(Some(UploadError::Reused { links: self.told_to(person, uses).await? }))
    }

    /// What the owner of an upload may know of earlier uses.
    pub(super) async fn told_to_owner(
        &self,
        owner: PersonId,
        uses: Vec<EarlierUse>,
    ) -> Result<Vec<EarlierUse>, UploadError> {
        match self.database.active_person(owner).await? {
            Some(person) => self.told_to(&person, uses).await,
            None => Ok(Vec::new()),
        }
    }

    /// Those for reports that this person may see.
    async fn told_to(
        &self,
        person: &Person,
        mut uses: Vec<EarlierUse>,
    ) -> Result<Vec<EarlierUse>, UploadError> {
        uses.retain(|earlier| earlier.held);
        let ref_keys: Vec<_> = uses.iter().map(|earlier| earlier.report_ref_key).collect();
        let seen = self.database.visible_reports(person, &ref_keys).await?;
        uses.retain(|earlier| seen.contains(&earlier.report_ref_key));
        uses.truncate(MOST_LINKS);
        Ok(uses)
    }

    /// A report that does not stand on the video any more has no claim on it.
    fn refuses(&self, uses: &[EarlierUse]) -> bool {
        self.config.reuse == Reuse::Refuse && uses.iter().any(|earlier| earlier.held)
    }
}

fn count(verdicts: &[Verdict]) {
    for Verdict { test, outcome, .. } in verdicts {
        let labels = [("test", test.as_str()), ("outcome", outcome.as_str())];
        metrics::counter!("forte_media_verdicts_total", &labels).increment(1);
    }
}

fn fingerprint(hand: &Hand<'_>) -> Fingerprint {
    Fingerprint {
        company: hand.lease.row.company,
        ref_key: hand.details.ref_key,
        sha256: hand.sha256,
        media_sha256: hand.inspection.facts.media_sha256,
    }
}

fn finishing(
    hand: &Hand<'_>,
    report: &ReportRow,
    verdicts: &[Verdict],
    uses: Vec<EarlierUse>,
) -> FinishedUpload {
    let Hand { lease, details, inspection, ids, sha256, length } = *hand;
    let verdicts = [verdicts, &[reuse(&uses)]].concat();
    let telling = told::report_submitted(&ids, details, inspection, &verdicts, (sha256, length));
    FinishedUpload {
        upload: lease.row.id,
        fence: lease.fence,
        owner: Person { id: lease.row.owner, company: lease.row.company, role: Role::Employee },
        details: details.clone(),
        vehicle: report.vehicle,
        video: ids.video,
        submission: ids.submission,
        sha256,
        length,
        facts: inspection.facts.clone(),
        notes: inspection.notes.clone(),
        verdicts,
        uses,
        message: telling,
        now: ids.now,
    }
}

//! Watching a video: who may, by which link, and the note of it.

use jiff::Timestamp;

use super::{OpenedVideo, Playback, PlaybackError};
use crate::database::{CustodyEntry, ReportState, VideoRow};
use crate::model::plausibility::for_driver;
use crate::model::{
    CompanyId, Digest, EventId, Facts, Finding, Person, Place, RefKey, Role, SubmissionId,
    TimeSent, Verdict, VideoId,
};
use crate::storage::{Link, VideoKey};

/// A stored video, ready to be watched.
#[derive(Debug, Clone)]
pub struct Viewing {
    /// The video.
    pub video: VideoId,
    /// Where its report stands: a decision names its version.
    pub standing: ReportState,
    /// The submission that brought it.
    pub submission: SubmissionId,
    /// The hash of its bytes.
    pub sha256: Digest,
    /// What the inspection knows of it.
    pub facts: Facts,
    /// What the inspection noticed.
    pub notes: Vec<Finding>,
    /// How plausible it is, as far as the viewer may know.
    pub verdicts: Vec<Verdict>,
    /// When the driver says it was sent.
    pub time_sent: TimeSent,
    /// Where the driver says it was sent.
    pub place: Place,
    /// When it was received.
    pub received_at: Timestamp,
    /// Opens it: with S3 a whole URL, with videos on disk a path below our own public URL. Whoever
    /// has it can watch, so it is never logged (S55).
    pub link: String,
    /// From when on the link is refused.
    pub expires_at: Timestamp,
}

impl Playback {
    /// The latest video of a report with a fresh link, and a line of custody that says so (S55).
    /// None when the report has no video, is unknown, is another company's, or of a vehicle that this
    /// driver does not see (Q37): they look alike (S20).
    ///
    /// # Errors
    /// When the database or the store fails.
    pub async fn video(
        &self,
        viewer: &Person,
        ref_key: RefKey,
    ) -> Result<Option<Viewing>, PlaybackError> {
        let found = self.database.latest_video(ref_key).await?;
        let Some(row) = found.filter(|row| may_watch(viewer, row)) else { return Ok(None) };
        if !self.database.may_see_report(viewer, ref_key).await? {
            return Ok(None);
        }
        let now = self.clock.now();
        let key = VideoKey { upload: row.upload, sha256: row.sha256 };
        let filename = format!("report-{ref_key}.mp4");
        let link = self.store.link(&key, self.config.link_ttl, &filename, now).await?;
        let actor = format!("person:{}", viewer.id.0);
        self.note(row.id, &actor, "linked", format!("until {}", link.expires_at)).await?;
        let verdicts = self.told_to(viewer, row.verdicts.clone()).await?;
        Ok(Some(Viewing { verdicts, ..viewing(row, link) }))
    }

    /// A driver learns nothing of the reports of vehicles they do not see. Whoever else watches sees all
    /// reports of the video's company.
    async fn told_to(
        &self,
        viewer: &Person,
        verdicts: Vec<Verdict>,
    ) -> Result<Vec<Verdict>, PlaybackError> {
        if viewer.role != Role::Employee {
            return Ok(verdicts);
        }
        let links = verdicts.iter().flat_map(|verdict| &verdict.links);
        let linked: Vec<_> = links.map(|link| link.report_ref_key).collect();
        let seen = self.database.visible_reports(viewer, &linked).await?;
        Ok(for_driver(verdicts, |ref_key| seen.contains(&ref_key)))
    }

    /// Opens the video behind a link of the disk back end; `signed` is its last path segment.
    ///
    /// # Errors
    /// When the link is not ours or too old, or the video cannot be had.
    pub async fn open_signed(&self, signed: &str) -> Result<OpenedVideo, PlaybackError> {
        Ok(self.store.open_link(signed, self.clock.now()).await?)
    }

    /// Writes a line of custody.
    pub(super) async fn note(
        &self,
        video: VideoId,
        actor: &str,
        action: &'static str,
        detail: String,
    ) -> Result<(), PlaybackError> {
        let id = EventId::mint(&self.clock, &self.random);
        let (at, actor) = (self.clock.now(), actor.to_owned());
        let entry = CustodyEntry { id, video, at, actor, action, detail };
        Ok(self.database.add_custody(&entry).await?)
    }
}

/// A company and its reviewers see its own videos, a reviewer of the lessor's all.
fn may_watch(viewer: &Person, row: &VideoRow) -> bool {
    let sees_all = viewer.role == Role::Reviewer && viewer.company == CompanyId::LESSOR;
    sees_all || viewer.company == row.company
}

fn viewing(row: VideoRow, link: Link) -> Viewing {
    Viewing {
        video: row.id,
        standing: row.report_state,
        submission: row.submission,
        sha256: row.sha256,
        facts: row.facts,
        notes: row.notes,
        verdicts: row.verdicts,
        time_sent: row.time_sent,
        place: row.place,
        received_at: row.received_at,
        link: link.url,
        expires_at: link.expires_at,
    }
}

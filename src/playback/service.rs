//! Stored videos for viewers and for 1C. Each link and each download gets a custody entry.

use std::ops::Range;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::database::{CustodyEntry, Database, VideoRow};
use crate::model::plausibility::for_driver;
use crate::model::{
    Clock, CompanyId, EventId, Facts, ONE_CUSTODY_ENTRY, Person, Random, RefKey, Role,
    SubmissionId, Verdict, VideoId,
};
use crate::storage::{ContentHeaders, Link, OpenedVideo, Store, VideoKey, VideoStream};

use super::config::Config;
use super::error::PlaybackError;

/// Access to the stored videos. Cheap to clone.
#[derive(Clone)]
pub struct Playback {
    database: Database,
    store: Store,
    clock: Clock,
    random: Random,
    config: Config,
    onec_downloads: Arc<Semaphore>,
    /// Browsers keep a response open while a video is paused; that must not keep 1C waiting.
    page_downloads: Arc<Semaphore>,
}

/// Who reads the bytes of a video. Each has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Onec,
    Page,
}

/// The video of a submission.
#[derive(Debug, Clone)]
pub struct StoredVideo {
    pub headers: ContentHeaders,
    video: VideoId,
    key: VideoKey,
    ref_key: RefKey,
    duration: SignedDuration,
}

/// How a link is recorded in the custody entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// As a view.
    Record,
    /// As one that was issued in advance: it is not a view, but it can be used for one.
    Prefetch,
    /// The client asks for headers alone, and gets no link.
    Skip,
}

/// With the inspection switched off a video may state any duration. S3 signs links for a week at most.
const LONGEST_VIDEO: SignedDuration = SignedDuration::from_hours(24);

impl Playback {
    pub fn new(
        database: Database,
        store: Store,
        clock: Clock,
        random: Random,
        config: Config,
    ) -> Self {
        let limit = || Arc::new(Semaphore::new(config.downloads));
        let (onec_downloads, page_downloads) = (limit(), limit());
        Self { database, store, clock, random, config, onec_downloads, page_downloads }
    }

    /// The latest video of a report, with the verdicts that the viewer may see and a new link. `None`
    /// for a report without a video, an unknown one, and one that the viewer may not see: the response
    /// must not reveal which.
    pub async fn latest_video(
        &self,
        viewer: &Person,
        ref_key: RefKey,
        custody: Custody,
    ) -> Result<Option<(VideoRow, Link)>, PlaybackError> {
        let found = if sees_every_company(viewer) {
            self.database.latest_video(ref_key).await?
        } else {
            self.database.latest_video_of(viewer.company, ref_key).await?
        };
        // Also for a report that was not found, so that timing reveals nothing.
        let is_visible = self.database.may_see_report(viewer, ref_key).await?;
        let Some(mut row) = found.filter(|_| is_visible) else { return Ok(None) };
        let stored = &mut row.stored;
        let key = VideoKey { upload: stored.upload, sha256: stored.sha256 };
        let actor = format!("person:{}", viewer.id.0);
        let video = (stored.video, duration_of(&stored.facts));
        let link = self.issue_link(video, &key, ref_key, &actor, custody).await?;
        let verdicts = std::mem::take(&mut stored.verdicts);
        stored.verdicts = self.visible_verdicts(viewer, verdicts).await?;
        Ok(Some((row, link)))
    }

    /// A driver learns nothing of reports that the driver may not see. Everybody else who may watch a
    /// video may see all reports of its company.
    async fn visible_verdicts(
        &self,
        viewer: &Person,
        verdicts: Vec<Verdict>,
    ) -> Result<Vec<Verdict>, PlaybackError> {
        if viewer.role != Role::Employee {
            return Ok(verdicts);
        }
        let links = verdicts.iter().flat_map(|verdict| &verdict.links);
        let linked: Vec<_> = links.map(|link| link.report_ref_key).collect();
        let visible = self.database.visible_reports(viewer, &linked).await?;
        Ok(for_driver(verdicts, |ref_key| visible.contains(&ref_key)))
    }

    /// Opens the video behind a link of the disk back end; `signed` is its last path segment.
    pub async fn open_link(&self, signed: &str) -> Result<OpenedVideo, PlaybackError> {
        Ok(self.store.open_link(signed, self.clock.now()).await?)
    }

    /// The video of a submission.
    pub async fn submitted_video(
        &self,
        submission: SubmissionId,
    ) -> Result<Option<StoredVideo>, PlaybackError> {
        let Some(row) = self.database.submission(submission).await? else { return Ok(None) };
        let row = row.stored;
        let key = VideoKey { upload: row.upload, sha256: row.sha256 };
        let headers = ContentHeaders::new(&key, row.length, &filename(row.ref_key));
        let (video, ref_key, duration) = (row.video, row.ref_key, duration_of(&row.facts));
        Ok(Some(StoredVideo { headers, video, key, ref_key, duration }))
    }

    /// Streams a range of a video.
    pub async fn read(
        &self,
        video: &StoredVideo,
        range: Range<u64>,
        (reader, actor): (Reader, &str),
    ) -> Result<VideoStream, PlaybackError> {
        let downloads = match reader {
            Reader::Onec => &self.onec_downloads,
            Reader::Page => &self.page_downloads,
        };
        let permit = Arc::clone(downloads).try_acquire_owned();
        let permit = permit.map_err(|_| PlaybackError::Busy)?;
        let detail = format!("bytes {}-{}", range.start, range.end.saturating_sub(1));
        let chunks = self.store.read_video(&video.key, range).await?;
        self.record_view(video.video, actor, "fetched", detail).await?;
        let chunks = chunks.map(move |chunk| {
            let _held_until_the_end = &permit;
            chunk
        });
        Ok(chunks.boxed())
    }

    /// A new link to a video.
    pub async fn create_link(
        &self,
        video: &StoredVideo,
        actor: &str,
        custody: Custody,
    ) -> Result<Link, PlaybackError> {
        let played = (video.video, video.duration);
        self.issue_link(played, &video.key, video.ref_key, actor, custody).await
    }

    /// Anyone who has the link can watch the video, so it is recorded but never logged. It lives at least as
    /// long as the video plays, because a player asks for further ranges until the end.
    async fn issue_link(
        &self,
        (video, duration): (VideoId, SignedDuration),
        key: &VideoKey,
        ref_key: RefKey,
        actor: &str,
        custody: Custody,
    ) -> Result<Link, PlaybackError> {
        let ttl = self.config.link_ttl.max(duration.min(LONGEST_VIDEO));
        let now = self.clock.now();
        let link = self.store.link(key, ttl, &filename(ref_key), now).await?;
        let action = match custody {
            Custody::Record => "linked",
            Custody::Prefetch => "prefetched",
            Custody::Skip => return Ok(link),
        };
        let detail = format!("until {}", link.expires_at);
        self.record_view(video, actor, action, detail).await?;
        Ok(link)
    }

    async fn record_view(
        &self,
        video: VideoId,
        actor: &str,
        action: &'static str,
        detail: String,
    ) -> Result<(), PlaybackError> {
        let id = EventId::mint(&self.clock, &self.random);
        let (at, actor) = (self.clock.now(), actor.to_owned());
        let entry = CustodyEntry { id, video, at, actor, action, detail };
        Ok(self.database.add_view(&entry, at - ONE_CUSTODY_ENTRY).await?)
    }
}

fn duration_of(facts: &Facts) -> SignedDuration {
    let milliseconds = facts.duration_ms.unwrap_or(0);
    SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

fn filename(ref_key: RefKey) -> String {
    format!("report-{ref_key}.mp4")
}

/// A company and its reviewers may watch its own videos, a reviewer of the lessor all of them.
fn sees_every_company(viewer: &Person) -> bool {
    viewer.role == Role::Reviewer && viewer.company == CompanyId::LESSOR
}

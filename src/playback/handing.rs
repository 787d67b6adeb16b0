//! Handing a video out to 1C: its bytes through us, or a link.

use std::ops::Range;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::{ContentHeaders, Playback, PlaybackError, VideoStream};
use crate::model::{RefKey, SubmissionId, VideoId};
use crate::storage::VideoKey;

/// A video that can be handed out.
#[derive(Debug, Clone)]
pub struct Held {
    /// What is said of it where it is served.
    pub about: ContentHeaders,
    video: VideoId,
    key: VideoKey,
    ref_key: RefKey,
}

/// A way to watch one video for a short while.
#[derive(Debug, Clone)]
pub struct ShortLink {
    /// With S3 a whole URL; with videos on disk a path below our own public URL. Never logged.
    pub url: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

impl Playback {
    /// The video of a submission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(&self, submission: SubmissionId) -> Result<Option<Held>, PlaybackError> {
        let Some(row) = self.database.submission(submission).await? else { return Ok(None) };
        let key = VideoKey { upload: row.upload, sha256: row.sha256 };
        let about = ContentHeaders::new(&key, row.length, &filename(row.ref_key));
        Ok(Some(Held { about, video: row.video, key, ref_key: row.ref_key }))
    }

    /// A part of the video, as it is read, and a line of custody that says who had it.
    ///
    /// # Errors
    /// When too many are being read, or the database or the store fails.
    pub async fn read(
        &self,
        held: &Held,
        part: Range<u64>,
        actor: &str,
    ) -> Result<VideoStream, PlaybackError> {
        let place = Arc::clone(&self.downloads).try_acquire_owned();
        let place = place.map_err(|_| PlaybackError::Busy)?;
        let detail = format!("bytes {}-{}", part.start, part.end.saturating_sub(1));
        let bytes = self.store.read_video(&held.key, part).await?;
        self.note(held.video, actor, "fetched", detail).await?;
        let held_until_read = move |piece| {
            let _place = &place;
            piece
        };
        Ok(bytes.map(held_until_read).boxed())
    }

    /// A link to the video, and a line of custody that says who has it (S55).
    ///
    /// # Errors
    /// When the database or the store fails.
    pub async fn hand_link(&self, held: &Held, actor: &str) -> Result<ShortLink, PlaybackError> {
        let (ttl, now) = (self.config.link_ttl, self.clock.now());
        let link = self.store.link(&held.key, ttl, &filename(held.ref_key), now).await?;
        self.note(held.video, actor, "linked", format!("until {}", link.expires_at)).await?;
        Ok(ShortLink { url: link.url, expires_at: link.expires_at })
    }
}

fn filename(ref_key: RefKey) -> String {
    format!("report-{ref_key}.mp4")
}

//! The object store: one interface, two back ends.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tempfile::NamedTempFile;
use tokio::fs::File;

use super::config::{Config, Location};
use super::disk::Disk;
use super::disposition::disposition;
use super::error::{IoContext as _, StorageError};
use super::link::{Link, LinkError, LinkSigner};
use super::object::{
    Depth, JournalKey, Object, PutRequest, SegmentKey, VIDEO_TYPE, VideoKey, VideoStream,
};
use super::s3::S3;
use super::spool::{Spool, TEMPORARY};
use super::spool_file::SpoolFile;
use crate::model::{Digest, Faults, Length, UploadId, error_chain};

/// How long a put that found no space counts.
const FULL_FOR: Duration = Duration::from_mins(5);

/// Stores videos and segments. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    signer: LinkSigner,
    faults: Faults,
    /// Why the last put failed, and when, if there was no space.
    last_full: Mutex<Option<(Instant, String)>>,
}

enum Backend {
    Disk(Disk),
    S3(Box<S3>),
}

/// Evaluates a call that has the same signature in both back ends.
macro_rules! either {
    ($store:expr, $backend:ident => $call:expr) => {
        match &$store.0.backend {
            Backend::Disk($backend) => $call,
            Backend::S3($backend) => $call,
        }
    };
}

/// A stored video at its first byte. It was opened by a playback link of the disk back end.
pub struct OpenedVideo {
    pub file: File,
    pub headers: ContentHeaders,
}

/// The values for the HTTP headers of a stored video.
#[derive(Debug, Clone)]
pub struct ContentHeaders {
    pub length: Length,
    /// With its quotes; strong, because the bytes never change.
    pub etag: String,
    pub content_type: &'static str,
    pub disposition: String,
}

impl ContentHeaders {
    /// `filename` is the name that a browser shows.
    pub fn new(key: &VideoKey, length: Length, filename: &str) -> Self {
        Self {
            length,
            etag: format!("\"{}\"", key.sha256),
            content_type: VIDEO_TYPE,
            disposition: disposition(filename),
        }
    }
}

impl Store {
    /// Creates the folders, or builds the S3 clients (nothing is sent yet). `link_secret` signs the
    /// playback links of the disk back end.
    pub async fn open(
        config: &Config,
        link_secret: &[u8],
        faults: Faults,
    ) -> Result<Self, StorageError> {
        let backend = match config.location()? {
            Location::Disk(root) => Backend::Disk(Disk::open(root)?),
            Location::S3 { bucket, prefix } => {
                Backend::S3(Box::new(S3::open(&config.s3, bucket, &prefix).await?))
            }
        };
        let (signer, last_full) = (LinkSigner::new(link_secret)?, Mutex::default());
        Ok(Self(Arc::new(Inner { backend, signer, faults, last_full })))
    }

    /// Checks at start that finished videos can be hard-linked from this spool.
    ///
    /// # Errors
    /// [`StorageError::CrossDevice`] when the two are on different file systems.
    pub fn check_spool(&self, spool: &Spool) -> Result<(), StorageError> {
        let Some(videos) = self.folder() else { return Ok(()) };
        let spool = spool.folder();
        let sample = NamedTempFile::with_prefix_in(TEMPORARY, spool).context("write to", spool)?;
        let link = videos.join(sample.path().file_name().unwrap_or_default());
        std::fs::hard_link(sample.path(), &link).map_err(|source| StorageError::CrossDevice {
            spool: spool.to_owned(),
            videos: videos.to_owned(),
            source,
        })?;
        std::fs::remove_file(&link).context("remove", &link)
    }

    /// Stores a finished video: all of `source`, which must have this length and this hash. The hash was
    /// computed while the file was written. S3 computes it again; the disk back end checks only the
    /// length, because it transfers no bytes. Returns when the video is durable. Idempotent.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] when the source or the stored object has other bytes;
    /// [`StorageError::NotDurable`] must not be retried.
    pub async fn put_video(
        &self,
        key: &VideoKey,
        source: &Path,
        length: Length,
        digest: Digest,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.put_video.before")?;
        self.put(PutRequest::video(key, source, length, digest)).await?;
        Ok(self.0.faults.pass("storage.put_video.after")?)
    }

    /// Stores a part of an open upload, read from the same range of its spool file. Returns when the
    /// segment is durable. Idempotent.
    ///
    /// # Errors
    /// As [`Store::put_video`].
    pub async fn put_segment(
        &self,
        key: &SegmentKey,
        source: &Path,
        digest: Digest,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.put_segment.before")?;
        self.put(PutRequest::segment(key, source, digest)).await?;
        Ok(self.0.faults.pass("storage.put_segment.after")?)
    }

    /// Stores a batch of the journal unless it exists. Returns when it is durable. Idempotent.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] when a batch with other bytes has this name.
    pub async fn put_journal(&self, key: &JournalKey, bytes: Bytes) -> Result<(), StorageError> {
        self.0.faults.pass("storage.put_journal.before")?;
        self.put(PutRequest::journal(key, bytes)).await?;
        Ok(self.0.faults.pass("storage.put_journal.after")?)
    }

    /// The first batch of the journal that begins at this turn or later.
    pub async fn journal_from(&self, turn: i64) -> Result<Option<JournalKey>, StorageError> {
        either!(self, backend => backend.journal_from(turn).await)
    }

    pub async fn read_journal(&self, key: &JournalKey) -> Result<Bytes, StorageError> {
        either!(self, backend => backend.read_journal(key).await)
    }

    async fn put(&self, put: PutRequest) -> Result<(), StorageError> {
        let stored = either!(self, backend => backend.put(put).await);
        let full = match &stored {
            Err(error @ StorageError::Full { .. }) => Some((Instant::now(), error_chain(error))),
            Ok(()) => None,
            // Says nothing about the space.
            Err(_) => return stored,
        };
        *self.0.last_full.lock().unwrap_or_else(PoisonError::into_inner) = full;
        stored
    }

    /// Why the last put failed, if the disk or the quota of the store was exhausted. Nothing if that was
    /// long ago: perhaps there is space again, and nobody has uploaded since.
    pub fn last_full(&self) -> Option<String> {
        let last = self.0.last_full.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.filter(|(at, _)| at.elapsed() < FULL_FOR).map(|(_, why)| why)
    }

    /// Copies a segment to its range of a spool file. Several segments may be fetched concurrently; a
    /// later [`SpoolFile::truncate`] to their end includes them in the length of the file.
    ///
    /// # Errors
    /// [`StorageError::Missing`] and [`StorageError::Mismatch`] when acknowledged bytes are lost (F10,
    /// F11).
    pub async fn fetch_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: &SpoolFile,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.fetch_segment.before")?;
        either!(self, backend => backend.fetch_segment(key, digest, into.handle()).await)
    }

    /// Whether the store has a segment with these bytes.
    pub async fn has_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
    ) -> Result<bool, StorageError> {
        match either!(self, backend => backend.has_segment(key, digest).await) {
            Err(error) if error.is_loss() => Ok(false),
            found => found,
        }
    }

    /// Removes all objects of an upload except `keep`. Idempotent; an error may leave some removed.
    pub async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.clear.before")?;
        either!(self, backend => backend.clear(upload, keep).await)
    }

    /// A link to watch one video until `now + ttl`. A browser shows the video under `filename`. Does not
    /// check that the video exists.
    ///
    /// # Errors
    /// With S3, when there are no credentials to sign with, or `ttl` exceeds a week.
    pub async fn link(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<Link, StorageError> {
        match &self.0.backend {
            Backend::Disk(_) => Ok(self.0.signer.sign(key, filename, now + ttl)),
            Backend::S3(s3) => s3.link(key, ttl, filename, now).await,
        }
    }

    /// Opens the video behind a link of the disk back end. `signed` is the link's last path segment.
    ///
    /// # Errors
    /// [`LinkError::Invalid`] for every link when the videos are in S3.
    pub async fn open_link(&self, signed: &str, now: Timestamp) -> Result<OpenedVideo, LinkError> {
        let Backend::Disk(disk) = &self.0.backend else { return Err(LinkError::Invalid) };
        let target = self.0.signer.verify(signed, now)?;
        let (file, length) = disk.open_video(&target.key).await?;
        let headers = ContentHeaders::new(&target.key, length, &target.filename);
        Ok(OpenedVideo { file: File::from_std(file), headers })
    }

    /// Streams a range of a stored video, which must lie within it. A stream that fails yields too few
    /// bytes.
    pub async fn read_video(
        &self,
        key: &VideoKey,
        range: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        self.0.faults.pass("storage.read_video.before")?;
        either!(self, backend => backend.read_video(key, range).await)
    }

    /// Verifies a stored video (`fsck`).
    ///
    /// # Errors
    /// [`StorageError::Missing`] and [`StorageError::Mismatch`] when it is lost or damaged.
    pub async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<(), StorageError> {
        if either!(self, backend => backend.verify(key, length, depth).await)? {
            return Ok(());
        }
        Err(StorageError::Missing { key: key.to_string() })
    }

    /// Up to 1,000 objects of uploads after the path `after` (`""` for the first page), sorted by path; empty
    /// at the end.
    pub async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        either!(self, backend => backend.list(after).await)
    }

    /// A cheap check that the store is reachable. Not retried, because `/status` shows the cause as it is.
    pub async fn probe(&self) -> Result<(), StorageError> {
        self.0.faults.pass("storage.probe")?;
        either!(self, backend => backend.probe().await)
    }

    /// The folder of the disk back end.
    pub(super) fn folder(&self) -> Option<&Path> {
        match &self.0.backend {
            Backend::Disk(disk) => Some(disk.root()),
            Backend::S3(_) => None,
        }
    }

    pub(super) fn s3(&self) -> Option<&S3> {
        match &self.0.backend {
            Backend::Disk(_) => None,
            Backend::S3(s3) => Some(s3),
        }
    }
}

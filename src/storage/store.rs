//! The store: one face, two back ends.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use tempfile::NamedTempFile;
use tokio::fs::File;

use super::config::Location;
use super::disk::Disk;
use super::disposition::disposition;
use super::keys::{SEGMENT_TYPE, VIDEO_TYPE};
use super::link::Signer;
use super::listing::{Depth, Object};
use super::s3::{Piece, S3};
use super::spool::TEMPORARY;
use super::{Config, Link, LinkError, SegmentKey, Spool, SpoolFile, StorageError, VideoKey};
use crate::model::{Digest, Faults, Length, UploadId};

/// Keeps videos and segments. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    back: BackEnd,
    signer: Signer,
    faults: Faults,
}

enum BackEnd {
    Disk(Disk),
    S3(S3),
}

/// The bytes of a stored video, as they are taken.
pub type VideoStream = BoxStream<'static, io::Result<Bytes>>;

/// A stored video, opened by a viewing link of the disk back end.
pub struct StoredFile {
    /// At its first byte.
    pub file: File,
    /// What is said of it.
    pub about: About,
}

/// What is said of a stored video where it is served.
#[derive(Debug, Clone)]
pub struct About {
    /// Bytes in it.
    pub length: Length,
    /// For `ETag`, with its quotes; the bytes never change.
    pub etag: String,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// For `Content-Disposition` (S56).
    pub disposition: String,
}

impl About {
    /// Of this video, which a browser shows under `filename`.
    #[must_use]
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
    /// Opens the store: makes the folders, or builds the S3 clients (nothing is sent yet).
    /// `link_secret` signs the viewing links of the disk back end.
    ///
    /// # Errors
    /// When a setting cannot be, or the folders cannot be made.
    pub async fn open(
        config: &Config,
        link_secret: &[u8],
        faults: Faults,
    ) -> Result<Self, StorageError> {
        let back = match config.location()? {
            Location::Disk(root) => BackEnd::Disk(Disk::open(root)?),
            Location::S3 { bucket, prefix } => {
                BackEnd::S3(S3::open(&config.s3, bucket, &prefix).await?)
            }
        };
        Ok(Self(Arc::new(Inner { back, signer: Signer::new(link_secret)?, faults })))
    }

    /// Checks, at start, that finished videos can be linked from this spool.
    ///
    /// # Errors
    /// [`StorageError::Apart`] when the two are not on one file system.
    pub fn check_spool(&self, spool: &Spool) -> Result<(), StorageError> {
        let BackEnd::Disk(disk) = &self.0.back else { return Ok(()) };
        let (spool, videos) = (spool.folder(), disk.root());
        let made = NamedTempFile::with_prefix_in(TEMPORARY, spool)
            .map_err(|e| StorageError::file("write to", spool, e))?;
        let name = made.path().file_name().unwrap_or_default();
        let link = videos.join(name);
        std::fs::hard_link(made.path(), &link).map_err(|source| StorageError::Apart {
            spool: spool.to_owned(),
            videos: videos.to_owned(),
            source,
        })?;
        std::fs::remove_file(&link).map_err(|e| StorageError::file("remove", &link, e))
    }

    /// Stores a finished video: all of `source`, which must have this length and the hash that was
    /// computed while it was written. S3 computes it again over what arrives; on disk nothing is on
    /// the way, so only the length is looked at. Returns when it is durable. Doing it again is fine.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] when the bytes are others: there, on the way, or too few or many;
    /// [`StorageError::NotDurable`] must not be tried again; otherwise as [`StorageError::is_transient`].
    pub async fn put_video(
        &self,
        key: &VideoKey,
        source: &Path,
        length: Length,
        digest: Digest,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.put_video.before")?;
        match &self.0.back {
            BackEnd::Disk(disk) => disk.put_video(key, source, length, digest).await?,
            BackEnd::S3(s3) => s3.put(&video(key, source, length, digest)).await?,
        }
        Ok(self.0.faults.pass("storage.put_video.after")?)
    }

    /// Stores a piece of an open upload, taken from its place in the spool file. Returns when it is
    /// durable. Doing it again is fine.
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
        match &self.0.back {
            BackEnd::Disk(disk) => disk.put_segment(key, source, digest).await?,
            BackEnd::S3(s3) => s3.put(&segment(key, source, digest)).await?,
        }
        Ok(self.0.faults.pass("storage.put_segment.after")?)
    }

    /// Copies a segment to its place in a spool file. Several may be fetched side by side; then
    /// [`SpoolFile::truncate`] takes them over.
    ///
    /// # Errors
    /// [`StorageError::Missing`] and [`StorageError::Mismatch`] when acknowledged bytes are lost (F10,
    /// F11); otherwise as [`StorageError::is_transient`].
    pub async fn fetch_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: &SpoolFile,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.fetch_segment.before")?;
        match &self.0.back {
            BackEnd::Disk(disk) => disk.fetch_segment(key, digest, into.writer()).await,
            BackEnd::S3(s3) => s3.fetch(key, digest, &into.writer()).await,
        }
    }

    /// Removes everything an upload has stored, but `keep`. Doing it again is fine.
    ///
    /// # Errors
    /// As [`StorageError::is_transient`]; some of it may be gone by then.
    pub async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), StorageError> {
        self.0.faults.pass("storage.clear.before")?;
        match &self.0.back {
            BackEnd::Disk(disk) => disk.clear(upload, keep).await,
            BackEnd::S3(s3) => s3.clear(upload, keep).await,
        }
    }

    /// A link to watch one video until `now + ttl`, which a browser shows under `filename`.
    /// Whether the video is there is not looked at.
    ///
    /// # Errors
    /// With S3, when there are no credentials to sign with, or `ttl` is over a week.
    pub async fn link(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<Link, StorageError> {
        match &self.0.back {
            BackEnd::Disk(_) => Ok(self.0.signer.link(key, filename, now + ttl)),
            BackEnd::S3(s3) => s3.link(key, ttl, filename, now).await,
        }
    }

    /// Opens what a link of the disk back end points to. `signed` is its last path segment.
    ///
    /// # Errors
    /// [`LinkError::Invalid`] also for every link when the videos are in S3.
    pub async fn open_signed(&self, signed: &str, now: Timestamp) -> Result<StoredFile, LinkError> {
        let BackEnd::Disk(disk) = &self.0.back else { return Err(LinkError::Invalid) };
        let claim = self.0.signer.open(signed, now)?;
        let (file, length) = disk.open_video(&claim.key).await?;
        let about = About::new(&claim.key, length, &claim.filename);
        Ok(StoredFile { file: File::from_std(file), about })
    }

    /// A part of a stored video, piece by piece as it is taken: nothing is read ahead of the
    /// reader. The part must lie within the video.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the video is lost; otherwise as [`StorageError::is_transient`]. A
    /// stream that breaks has told too few bytes.
    pub async fn read_video(
        &self,
        key: &VideoKey,
        part: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        self.0.faults.pass("storage.read_video.before")?;
        match &self.0.back {
            BackEnd::Disk(disk) => disk.read_video(key, part).await,
            BackEnd::S3(s3) => s3.read_video(key, part).await,
        }
    }

    /// Looks after a stored video (`fsck`).
    ///
    /// # Errors
    /// [`StorageError::Missing`] and [`StorageError::Mismatch`] when it is lost or damaged; otherwise as
    /// [`StorageError::is_transient`].
    pub async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<(), StorageError> {
        let there = match &self.0.back {
            BackEnd::Disk(disk) => disk.holds(key, length, depth).await?,
            BackEnd::S3(s3) => s3.verify(key, length, depth).await?,
        };
        if there { Ok(()) } else { Err(StorageError::Missing { key: key.to_string() }) }
    }

    /// The next stored objects, in the order of their paths: at most 1,000 after `after` (`""` for
    /// the first ones), none at the end.
    ///
    /// # Errors
    /// As [`StorageError::is_transient`].
    pub async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        match &self.0.back {
            BackEnd::Disk(disk) => disk.list(after).await,
            BackEnd::S3(s3) => s3.list(after).await,
        }
    }

    /// The folder of the disk back end.
    pub(super) fn folder(&self) -> Option<&Path> {
        match &self.0.back {
            BackEnd::Disk(disk) => Some(disk.root()),
            BackEnd::S3(_) => None,
        }
    }

    /// A cheap look at whether the store is there. Not tried again: readiness asks often.
    ///
    /// # Errors
    /// When it is not.
    pub async fn probe(&self) -> Result<(), StorageError> {
        self.0.faults.pass("storage.probe")?;
        match &self.0.back {
            BackEnd::Disk(disk) => disk.probe().await,
            BackEnd::S3(s3) => s3.probe().await,
        }
    }

    pub(super) fn s3(&self) -> Option<&S3> {
        match &self.0.back {
            BackEnd::Disk(_) => None,
            BackEnd::S3(s3) => Some(s3),
        }
    }
}

fn video<'a>(key: &VideoKey, source: &'a Path, length: Length, digest: Digest) -> Piece<'a> {
    Piece {
        path: key.to_string(),
        source,
        range: 0..length.get(),
        digest,
        content_type: VIDEO_TYPE,
    }
}

fn segment<'a>(key: &SegmentKey, source: &'a Path, digest: Digest) -> Piece<'a> {
    Piece { path: key.to_string(), source, range: key.range(), digest, content_type: SEGMENT_TYPE }
}

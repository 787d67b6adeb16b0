//! Names of stored objects. No other module knows how a name becomes a path.
//!
//! A name contains the id of its upload, so the upload's row always exists before its objects.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};

use crate::model::{Digest, Length, Offset, UploadId};

/// The `Content-Type` of a stored video, whatever the phone declared.
pub(super) const VIDEO_TYPE: &str = "video/mp4";
const BYTES_TYPE: &str = "application/octet-stream";

const VIDEOS: &str = "videos";
const STAGING: &str = "staging";
const JOURNAL: &str = "meta/journal";

/// A listing that starts after this path skips `meta/`: 0 follows the slash in ASCII.
pub(super) const META_END: &str = "meta0";

/// The folders of uploads, in the order of a listing.
pub(super) const UPLOAD_FOLDERS: [&str; 2] = [STAGING, VIDEOS];
/// All folders.
pub(super) const ALL_FOLDERS: [&str; 3] = [JOURNAL, STAGING, VIDEOS];

/// Objects per page of a listing.
pub(super) const PAGE_SIZE: u16 = 1000;

/// The bytes of a stored video. They are read only as fast as the consumer polls.
pub type VideoStream = BoxStream<'static, io::Result<Bytes>>;

/// The name of a finished video: `videos/{upload}/{sha256}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VideoKey {
    pub upload: UploadId,
    pub sha256: Digest,
}

impl VideoKey {
    /// The inverse of `Display`.
    pub fn from_path(path: &str) -> Option<Self> {
        let (upload, sha256) = path.strip_prefix(VIDEOS)?.strip_prefix('/')?.split_once('/')?;
        Some(Self { upload: upload.parse().ok()?, sha256: sha256.parse().ok()? })
    }
}

impl fmt::Display for VideoKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{VIDEOS}/{}/{}", self.upload, self.sha256)
    }
}

/// The name of an immutable part of an open upload: `staging/{upload}/{start}-{end}-{fence}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentKey {
    pub upload: UploadId,
    /// Where it begins in the upload, and in its spool file.
    pub start: Offset,
    /// The first byte after it.
    pub end: Offset,
    /// The fencing token of the writer: two writers never share a name.
    pub fence: u64,
}

impl SegmentKey {
    pub(super) const fn range(&self) -> Range<u64> {
        self.start.get()..self.end.get()
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded, so that a listing is in the order of the offsets.
        let Range { start, end } = self.range();
        write!(out, "{STAGING}/{}/{start:010}-{end:010}-{}", self.upload, self.fence)
    }
}

/// The two folders with the objects of an upload.
pub(super) fn folders(upload: UploadId) -> [String; 2] {
    UPLOAD_FOLDERS.map(|root| format!("{root}/{upload}"))
}

/// The name of a batch of the journal: `meta/journal/{first}-{last}.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalKey {
    /// The turn of its first submission.
    pub first: i64,
    /// The turn of its last submission.
    pub last: i64,
}

impl JournalKey {
    /// The path before every batch that begins at this turn or later.
    pub(super) fn before(turn: i64) -> String {
        format!("{JOURNAL}/{turn:012}")
    }

    /// The inverse of `Display`.
    pub(super) fn from_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix(JOURNAL)?.strip_prefix('/')?.strip_suffix(".jsonl")?;
        let (first, last) = name.split_once('-')?;
        Some(Self { first: first.parse().ok()?, last: last.parse().ok()? })
    }

    /// The folder of all batches.
    pub(super) const fn folder() -> &'static str {
        JOURNAL
    }
}

impl fmt::Display for JournalKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded, so that a listing is in the order of the turns.
        write!(out, "{JOURNAL}/{:012}-{:012}.jsonl", self.first, self.last)
    }
}

/// The bytes of an object to be put.
pub(super) enum Source {
    /// A whole file, which stays unchanged.
    File(PathBuf),
    /// A range of a file that may grow.
    Range(PathBuf, Range<u64>),
    Bytes(Bytes),
}

/// An object to be put.
pub(super) struct PutRequest {
    pub(super) path: String,
    pub(super) source: Source,
    pub(super) length: u64,
    pub(super) digest: Digest,
}

impl PutRequest {
    pub(super) fn video(key: &VideoKey, source: &Path, length: Length, digest: Digest) -> Self {
        let (path, source) = (key.to_string(), Source::File(source.to_owned()));
        Self { path, source, length: length.get(), digest }
    }

    pub(super) fn segment(key: &SegmentKey, source: &Path, digest: Digest) -> Self {
        let Range { start, end } = key.range();
        let source = Source::Range(source.to_owned(), start..end);
        Self { path: key.to_string(), source, length: end.saturating_sub(start), digest }
    }

    pub(super) fn journal(key: &JournalKey, bytes: Bytes) -> Self {
        let digest = Digest::new(Sha256::digest(&bytes).into());
        let length = bytes.len() as u64;
        Self { path: key.to_string(), source: Source::Bytes(bytes), length, digest }
    }

    pub(super) const fn content_type(&self) -> &'static str {
        match self.source {
            Source::File(_) => VIDEO_TYPE,
            Source::Range(..) | Source::Bytes(_) => BYTES_TYPE,
        }
    }
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Also the cursor of the next page.
    pub path: String,
    pub length: Length,
    pub kind: ObjectKind,
}

/// The kind of an object, determined by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    Video(VideoKey),
    Segment(UploadId),
    /// Not written by this service.
    Unknown,
}

/// How closely a stored video is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its length, and its checksum if the store keeps one.
    Metadata,
    /// Every byte is read and hashed.
    Content,
}

impl Object {
    pub(super) fn new(path: &str, length: Length) -> Self {
        let video = VideoKey::from_path(path).map(ObjectKind::Video);
        let segment = || segment_owner(path).map(ObjectKind::Segment);
        let kind = video.or_else(segment).unwrap_or(ObjectKind::Unknown);
        Self { path: path.to_owned(), length, kind }
    }
}

fn segment_owner(path: &str) -> Option<UploadId> {
    let (upload, _range) = path.strip_prefix(STAGING)?.strip_prefix('/')?.split_once('/')?;
    upload.parse().ok()
}

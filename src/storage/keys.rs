//! Names of stored things. Only here is known how a name becomes a path.
//!
//! Names are computed from the upload, so that its row always exists before its objects.

use std::fmt;
use std::ops::Range;

use crate::model::{Digest, Length, Offset, UploadId};

/// What a stored video is served as, whatever the phone called it (S54).
pub(super) const VIDEO_TYPE: &str = "video/mp4";
/// What a piece of an open upload is stored as.
pub(super) const SEGMENT_TYPE: &str = "application/octet-stream";

const VIDEOS: &str = "videos";
const STAGING: &str = "staging";

/// The name of a finished video: `videos/{upload}/{sha256}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VideoKey {
    /// The upload it came by.
    pub upload: UploadId,
    /// The hash of its bytes.
    pub sha256: Digest,
}

impl VideoKey {
    /// Reads back what [`VideoKey`]'s `Display` wrote.
    #[must_use]
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

/// The name of an immutable piece of an open upload: `staging/{upload}/{start}-{end}-{fence}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentKey {
    /// The upload it is a piece of.
    pub upload: UploadId,
    /// Where it begins in the upload, and in its spool file.
    pub start: Offset,
    /// Where it ends (the first byte after it).
    pub end: Offset,
    /// The fence of the writer: two writers never share a name.
    pub fence: u64,
}

impl SegmentKey {
    /// How many bytes it has.
    #[must_use]
    pub const fn length(&self) -> Length {
        Length::new(self.end.get().saturating_sub(self.start.get()))
    }

    pub(super) const fn range(&self) -> Range<u64> {
        self.start.get()..self.end.get()
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded, so that a listing shows the pieces in their order.
        let Range { start, end } = self.range();
        write!(out, "{STAGING}/{}/{start:010}-{end:010}-{}", self.upload, self.fence)
    }
}

/// The two folders that hold what an upload has stored.
pub(super) fn folders(upload: UploadId) -> [String; 2] {
    [format!("{STAGING}/{upload}"), format!("{VIDEOS}/{upload}")]
}

/// The two folders everything is under.
pub(super) const AREAS: [&str; 2] = [STAGING, VIDEOS];

/// Whose piece is at this path.
pub(super) fn owner_of_segment(path: &str) -> Option<UploadId> {
    let (upload, _piece) = path.strip_prefix(STAGING)?.strip_prefix('/')?.split_once('/')?;
    upload.parse().ok()
}

//! What a store holds, for `fsck` and `gc`.

use super::VideoKey;
use super::keys::owner_of_segment;
use crate::model::{Length, UploadId};

/// The most objects of one page.
pub(super) const PAGE: u16 = 1000;

/// Something stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its path, and where the next page goes on.
    pub path: String,
    /// Bytes in it.
    pub length: Length,
    /// What it is, by its path.
    pub kind: ObjectKind,
}

/// What a stored object is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A finished video.
    Video(VideoKey),
    /// A piece of this open upload.
    Segment(UploadId),
    /// Nothing of ours.
    Unknown,
}

/// How closely a stored video is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its length, and its checksum where the store keeps one.
    Glance,
    /// Every byte is read and hashed.
    Deep,
}

impl Object {
    pub(super) fn new(path: &str, length: Length) -> Self {
        let video = VideoKey::from_path(path).map(ObjectKind::Video);
        let segment = || owner_of_segment(path).map(ObjectKind::Segment);
        let kind = video.or_else(segment).unwrap_or(ObjectKind::Unknown);
        Self { path: path.to_owned(), length, kind }
    }
}

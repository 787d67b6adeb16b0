//! Sample files of the repository.

/// A good video as phones write it: `moov` last.
pub(crate) const GOOD: &[u8] = include_bytes!("../../../samples/good-moov-last.mp4");
/// A good video with `moov` first.
pub(crate) const MOOV_FIRST: &[u8] = include_bytes!("../../../samples/good-moov-first.mp4");
/// A PDF document with the file name of a video.
pub(crate) const NOT_MP4: &[u8] = include_bytes!("../../../samples/bad-not-mp4.mp4");

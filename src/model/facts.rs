//! What is known of a video once it has been read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Digest;

/// The facts of one file. Unknown ones are `None`; the names are those of `inspect --json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// Bytes in the file.
    pub length: u64,
    /// SHA-256 of the whole file.
    pub sha256: Option<Digest>,
    /// SHA-256 of the media payload alone; survives a re-tagging.
    pub media_sha256: Option<Digest>,
    /// Length of the recording, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Width as shown, in pixels, before rotation.
    pub width: Option<u32>,
    /// Height as shown, in pixels, before rotation.
    pub height: Option<u32>,
    /// Clockwise rotation to apply when showing: 0, 90, 180 or 270 degrees.
    pub rotation: Option<u32>,
    /// Frames a second, averaged over the track.
    pub frame_rate: Option<f64>,
    /// Sample entry type of the first video track, such as `avc1`.
    pub video_codec: Option<String>,
    /// Sample entry type of the first sound track, such as `mp4a`.
    pub audio_codec: Option<String>,
    /// Major brand first, then the compatible ones, without repeats.
    pub brands: Vec<String>,
    /// Whether the file holds movie fragments (`moof`).
    pub fragmented: Option<bool>,
    /// Whether `moov` stands before the first `mdat`.
    pub moov_first: Option<bool>,
    /// Bytes in `moov`, its header included.
    pub moov_length: Option<u64>,
    /// When the recorder says the video was made.
    pub created_at: Option<Timestamp>,
    /// Where the recorder says the video was made. Personal: never logged.
    pub location: Option<Location>,
    /// Maker and model of the recorder.
    pub device: Option<String>,
}

/// A point on the earth, as the recorder wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub long: f64,
}

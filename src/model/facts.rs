//! The facts that the inspection reads from a video.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Digest;

/// The facts of one file; unknown ones are `None`. `inspect --json` prints the field names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// Bytes in the file.
    pub length: u64,
    /// SHA-256 of the whole file.
    pub sha256: Option<Digest>,
    /// SHA-256 of the media payload alone: stays the same when only the tags change.
    pub media_sha256: Option<Digest>,
    /// Length of the recording, in milliseconds: that of its picture.
    pub duration_ms: Option<u64>,
    /// All durations that the file states, and which of them `duration_ms` is.
    #[serde(default)]
    pub durations: Durations,
    /// Display width in pixels, before rotation; of a mirrored picture, as shown.
    pub width: Option<u32>,
    /// Display height in pixels, before rotation.
    pub height: Option<u32>,
    /// Clockwise rotation that a player applies: 0, 90, 180 or 270 degrees; none if mirrored.
    pub rotation: Option<u32>,
    /// Display width in pixels, after rotation.
    pub display_width: Option<u32>,
    /// Display height in pixels, after rotation.
    pub display_height: Option<u32>,
    /// Width of the encoded picture in pixels; `width` may be scaled.
    pub coded_width: Option<u32>,
    /// Height of the encoded picture in pixels.
    pub coded_height: Option<u32>,
    /// Average frames per second of the video track.
    pub frame_rate: Option<f64>,
    /// Sample entry type of the first video track, such as `avc1`.
    pub video_codec: Option<String>,
    /// Video codec, profile and level, such as `avc1.640028` (RFC 6381).
    pub video_codec_string: Option<String>,
    /// Sample entry type of the first audio track, such as `mp4a`.
    pub audio_codec: Option<String>,
    /// Audio codec and profile, such as `mp4a.40.2` (RFC 6381).
    pub audio_codec_string: Option<String>,
    /// Audio samples per second.
    pub sample_rate: Option<u32>,
    /// Audio channels.
    pub channels: Option<u32>,
    /// Major brand first, then the compatible ones, without duplicates.
    pub brands: Vec<String>,
    /// Whether the file has movie fragments (`moof`).
    pub fragmented: Option<bool>,
    /// Whether `moov` precedes the first `mdat`.
    pub moov_first: Option<bool>,
    /// Bytes in `moov`, its header included.
    pub moov_length: Option<u64>,
    /// Creation time that the recorder wrote for the movie, or else for a track.
    pub created_at: Option<Timestamp>,
    /// Place that the recorder wrote. Personal data: never logged.
    pub location: Option<Location>,
    /// The box that `location` was read from.
    pub location_from: Option<LocationFrom>,
    /// Maker and model of the recorder.
    pub device: Option<String>,
    pub device_make: Option<String>,
    pub device_model: Option<String>,
    /// Whether the file has a C2PA manifest, a signed statement of its origin. It is not verified.
    pub c2pa: Option<bool>,
}

impl Facts {
    /// When the video was recorded: according to the file, else as the app declares it.
    pub fn recorded_at(&self, declared: Option<Timestamp>) -> Option<Timestamp> {
        self.created_at.or(declared)
    }
}

/// The durations that different boxes of a file state, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Durations {
    /// Of the movie header (`mvhd`).
    pub movie_ms: Option<u64>,
    /// Of the longest video or audio track (`mdhd`).
    pub track_ms: Option<u64>,
    /// Sum of the samples of the picture, fragments included.
    pub samples_ms: Option<u64>,
    /// Of the longest edit list (`elst`).
    pub edits_ms: Option<u64>,
    /// Of the fragment header (`mehd`).
    pub fragments_ms: Option<u64>,
    /// Difference between the longest and the shortest of them.
    pub spread_ms: Option<u64>,
    /// Which of them `duration_ms` is.
    pub chosen: Option<DurationBy>,
}

/// The source of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DurationBy {
    /// The movie header.
    MovieMs,
    /// The samples of the picture.
    SamplesMs,
}

/// A box that can hold a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LocationFrom {
    /// `udta/©xyz`, as Android writes it.
    Xyz,
    /// `udta/loci` of 3GPP.
    Loci,
    /// A key of `meta`, as Apple writes it.
    Keys,
}

/// A point on the earth, as the recorder wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub long: f64,
}

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
    /// Every statement of that length, and which of them `duration_ms` is.
    #[serde(default)] // the facts of older videos lack it
    pub durations: Durations,
    /// Width as shown, in pixels, before rotation.
    pub width: Option<u32>,
    /// Height as shown, in pixels, before rotation.
    pub height: Option<u32>,
    /// Clockwise rotation to apply when showing: 0, 90, 180 or 270 degrees.
    pub rotation: Option<u32>,
    /// Width on the screen: after rotation.
    pub display_width: Option<u32>,
    /// Height on the screen: after rotation.
    pub display_height: Option<u32>,
    /// Width of the encoded picture, where `width` may be stretched.
    pub coded_width: Option<u32>,
    /// Height of the encoded picture.
    pub coded_height: Option<u32>,
    /// Frames a second, averaged over the track.
    pub frame_rate: Option<f64>,
    /// Sample entry type of the first video track, such as `avc1`.
    pub video_codec: Option<String>,
    /// Codec, profile and level of the picture, such as `avc1.640028` (RFC 6381).
    pub video_codec_string: Option<String>,
    /// Sample entry type of the first sound track, such as `mp4a`.
    pub audio_codec: Option<String>,
    /// Codec and profile of the sound, such as `mp4a.40.2` (RFC 6381).
    pub audio_codec_string: Option<String>,
    /// Samples of sound a second.
    pub sample_rate: Option<u32>,
    /// Channels of sound.
    pub channels: Option<u32>,
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
    /// Which of the places for it that location was read from.
    pub location_from: Option<LocationFrom>,
    /// Maker and model of the recorder.
    pub device: Option<String>,
    /// Maker of the recorder alone.
    pub device_make: Option<String>,
    /// Model of the recorder alone.
    pub device_model: Option<String>,
    /// Whether the file carries a C2PA manifest, a signed statement of where it comes from. It is
    /// not verified.
    pub c2pa: Option<bool>,
}

/// How long a recording lasts, by everything in the file that says so, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Durations {
    /// By the header of the movie (`mvhd`).
    pub movie_ms: Option<u64>,
    /// By the header of the longest track of picture or sound (`mdhd`).
    pub track_ms: Option<u64>,
    /// By the samples of the longest such track, fragments included.
    pub samples_ms: Option<u64>,
    /// By the longest edit list (`elst`).
    pub edits_ms: Option<u64>,
    /// By what the header of the fragments announces (`mehd`).
    pub fragments_ms: Option<u64>,
    /// How far the longest and the shortest of them lie apart.
    pub spread_ms: Option<u64>,
    /// Which of them `duration_ms` is.
    pub chosen: Option<DurationBy>,
}

/// A statement of the duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DurationBy {
    /// The header of the movie.
    MovieMs,
    /// The samples of the longest track.
    SamplesMs,
}

/// A place for a location in an MP4 file.
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

//! The checks of the inspection, by name.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::texts::{Text, text};

/// Each check has a name, a stable code and the key of a text for drivers.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $code:tt, $text:tt,)*) => {
        /// A check of the inspection. `docs/refusals.md` explains each; codes are never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum Check {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Check {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What a driver reads when no limit fills in numbers: see [`super::Finding::driver_text`].
            pub const fn driver_text(self) -> Text {
                match self {
                    $(Self::$name => text!($text),)*
                }
            }
        }
    };
}

checks! {
    /// The first box is not one that an MP4 file starts with.
    NotMp4 = "NOT_MP4", "refuse.not_mp4",
    /// The first box, apart from padding, is not `ftyp`.
    FtypMissing = "FTYP_MISSING", "refuse.not_mp4",
    /// `ftyp` is too short, too long, or not a list of brands.
    FtypInvalid = "FTYP_INVALID", "refuse.damaged",
    /// None of the brands is known.
    BrandUnsupported = "BRAND_UNSUPPORTED", "refuse.not_mp4",
    /// A QuickTime movie instead of an MP4 file.
    Quicktime = "QUICKTIME", "refuse.quicktime",
    /// Empty, or longer than allowed.
    SizeLimit = "SIZE_LIMIT", "refuse.empty",
    /// The recorder never wrote the size of `mdat`.
    RecordingNotFinalised = "RECORDING_NOT_FINALISED", "refuse.not_finished",
    /// A box with an impossible size.
    BoxSizeInvalid = "BOX_SIZE_INVALID", "refuse.damaged",
    /// A `free` box smaller than its own header.
    FreeTooSmall = "FREE_TOO_SMALL", "note.accepted",
    /// A box that ends past the end of the file.
    BoxBeyondEnd = "BOX_BEYOND_END", "refuse.truncated",
    /// A box type that is not text: bytes are missing or repeated.
    BoxGarbage = "BOX_GARBAGE", "refuse.damaged",
    /// An unknown box type.
    BoxUnknown = "BOX_UNKNOWN", "note.accepted",
    /// More boxes than any recorder writes.
    TooManyBoxes = "TOO_MANY_BOXES", "refuse.not_camera",
    /// `moov` is larger than allowed.
    MoovTooLarge = "MOOV_TOO_LARGE", "refuse.unreadable",
    /// `moof` is larger than allowed.
    MoofTooLarge = "MOOF_TOO_LARGE", "refuse.unreadable",
    /// A second `moov`.
    MoovDuplicate = "MOOV_DUPLICATE", "refuse.damaged",
    /// A fragment before `moov`.
    MoofBeforeMoov = "MOOF_BEFORE_MOOV", "refuse.truncated",
    /// Bytes after the last box that are not a box.
    TrailingBytes = "TRAILING_BYTES", "refuse.damaged",
    /// More bytes than declared.
    LengthMismatch = "LENGTH_MISMATCH", "refuse.damaged",
    /// A child box extends past its parent.
    BoxOverrun = "BOX_OVERRUN", "refuse.damaged",
    /// The children do not fill their parent.
    BoxTail = "BOX_TAIL", "note.accepted",
    /// Boxes are nested too deeply.
    BoxTooDeep = "BOX_TOO_DEEP", "refuse.not_camera",
    /// A required box is missing.
    BoxMissing = "BOX_MISSING", "refuse.broken",
    /// A box that may occur once occurs twice.
    BoxDuplicate = "BOX_DUPLICATE", "refuse.broken",
    /// A box with the wrong parent.
    BoxMisplaced = "BOX_MISPLACED", "refuse.damaged",
    /// An undefined box version.
    BoxVersion = "BOX_VERSION", "refuse.damaged",
    /// A box shorter than its fixed fields.
    BoxShort = "BOX_SHORT", "refuse.damaged",
    /// A timescale of zero, or above 2³¹−1.
    TimescaleInvalid = "TIMESCALE_INVALID", "refuse.damaged",
    /// More tracks than any recorder writes.
    TooManyTracks = "TOO_MANY_TRACKS", "refuse.not_camera",
    /// A track id of zero, or used twice.
    TrackIdInvalid = "TRACK_ID_INVALID", "refuse.broken",
    /// No video track.
    NoVideoTrack = "NO_VIDEO_TRACK", "refuse.no_picture",
    /// A codec that the settings do not list.
    CodecUnsupported = "CODEC_UNSUPPORTED", "refuse.codec",
    /// Encrypted media.
    Encrypted = "ENCRYPTED", "refuse.encrypted",
    /// The decoder configuration is missing.
    CodecConfigMissing = "CODEC_CONFIG_MISSING", "refuse.broken",
    /// The decoder configuration is damaged.
    CodecConfigInvalid = "CODEC_CONFIG_INVALID", "refuse.broken",
    /// Not exactly one sample description.
    StsdCount = "STSD_COUNT", "note.accepted",
    /// A width or height of zero.
    VideoSizeZero = "VIDEO_SIZE_ZERO", "note.accepted",
    /// The media is in another file.
    ExternalData = "EXTERNAL_DATA", "refuse.external",
    /// A table that does not fit its box.
    TableSize = "TABLE_SIZE", "refuse.damaged",
    /// The sample-to-chunk table is inconsistent.
    StscInvalid = "STSC_INVALID", "refuse.damaged",
    /// The sample tables have different counts.
    SampleCountMismatch = "SAMPLE_COUNT_MISMATCH", "refuse.not_finished",
    /// A sample lies past the end of the file.
    SampleOutsideFile = "SAMPLE_OUTSIDE_FILE", "refuse.truncated",
    /// A sample lies outside the media data.
    SampleOutsideMdat = "SAMPLE_OUTSIDE_MDAT", "refuse.damaged",
    /// Two samples share bytes.
    SampleOverlap = "SAMPLE_OVERLAP", "refuse.damaged",
    /// The table of key frames is inconsistent.
    SyncTableInvalid = "SYNC_TABLE_INVALID", "note.accepted",
    /// The stated durations differ.
    DurationMismatch = "DURATION_MISMATCH", "note.accepted",
    /// The edit list does not add up.
    EditListOdd = "EDIT_LIST_ODD", "note.accepted",
    /// Too short or too long.
    DurationOutOfRange = "DURATION_OUT_OF_RANGE", "refuse.duration",
    /// A video without a picture.
    NoSamples = "NO_SAMPLES", "refuse.no_picture",
    /// A fragmented file without a fragment.
    NoFragments = "NO_FRAGMENTS", "refuse.truncated",
    /// A fragment of an unknown track.
    FragTrackUnknown = "FRAG_TRACK_UNKNOWN", "refuse.truncated",
    /// Fragments out of order.
    FragSequence = "FRAG_SEQUENCE", "note.accepted",
    /// A fragment that starts before the previous one of its track.
    TfdtBackwards = "TFDT_BACKWARDS", "note.accepted",
    /// A fragment without media.
    MoofWithoutMdat = "MOOF_WITHOUT_MDAT", "refuse.truncated",
    /// Damaged tags.
    MetadataInvalid = "METADATA_INVALID", "note.accepted",
    /// The length prefixes inside the pictures do not add up.
    NalChain = "NAL_CHAIN", "refuse.damaged",
    /// The file ends early.
    Truncated = "TRUNCATED", "refuse.truncated",
    /// No `moov`.
    MoovMissing = "MOOV_MISSING", "refuse.not_finished",
    /// No `mdat`.
    MdatMissing = "MDAT_MISSING", "refuse.truncated",
    /// Other bytes than the client announced.
    DigestMismatch = "DIGEST_MISMATCH", "refuse.damaged",
    /// Other bytes than the object store received.
    PartMismatch = "PART_MISMATCH", "refuse.damaged",
    /// Most of the media data is not used by any sample.
    MdatUnreferenced = "MDAT_UNREFERENCED", "note.accepted",
    /// The fragment index states a size other than its own.
    MfraSize = "MFRA_SIZE", "note.accepted",
    /// The second parser disagrees.
    SecondOpinion = "SECOND_OPINION", "note.accepted",
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

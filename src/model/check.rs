//! The checks of the inspection, by name.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guide::{Guide, boxes, opening, samples, stream, whole};
use super::texts::{Text, text};

/// Each check has a name, a stable code, and a guide: without its three texts it does not compile.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $code:tt, $text:tt => $guide:path,)*) => {
        /// A check of the inspection. Its code is a promise: extended, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum Check {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Check {
            /// Every check there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What the driver reads if there is nothing more exact to say: see [`super::Finding::driver_text`].
            pub const fn driver_text(self) -> Text {
                match self {
                    $(Self::$name => text!($text),)*
                }
            }

            /// What it means, and what to do.
            #[must_use]
            pub const fn guide(self) -> &'static Guide {
                match self {
                    $(Self::$name => &$guide,)*
                }
            }
        }
    };
}

checks! {
    /// The first box is none that an MP4 file starts with.
    NotMp4 = "NOT_MP4", "refuse.not_mp4" => opening::NOT_MP4,
    /// The first box (after reserve) is not `ftyp`.
    FtypMissing = "FTYP_MISSING", "refuse.not_mp4" => opening::FTYP_MISSING,
    /// `ftyp` is too short, too long or not a list of brands.
    FtypInvalid = "FTYP_INVALID", "refuse.damaged" => opening::FTYP_INVALID,
    /// None of the brands is one we know.
    BrandUnsupported = "BRAND_UNSUPPORTED", "refuse.not_mp4" => opening::BRAND_UNSUPPORTED,
    /// A QuickTime movie, not an MP4 file.
    Quicktime = "QUICKTIME", "refuse.quicktime" => opening::QUICKTIME,
    /// Empty, or longer than allowed.
    SizeLimit = "SIZE_LIMIT", "refuse.empty" => opening::SIZE_LIMIT,
    /// The recorder never wrote the size of `mdat`.
    RecordingNotFinalised = "RECORDING_NOT_FINALISED", "refuse.not_finished" => opening::RECORDING_NOT_FINALISED,
    /// A box whose size cannot be.
    BoxSizeInvalid = "BOX_SIZE_INVALID", "refuse.damaged" => stream::BOX_SIZE_INVALID,
    /// A `free` box with a size below its own header.
    FreeTooSmall = "FREE_TOO_SMALL", "note.accepted" => stream::FREE_TOO_SMALL,
    /// A box that ends past the end of the file.
    BoxBeyondEnd = "BOX_BEYOND_END", "refuse.truncated" => stream::BOX_BEYOND_END,
    /// A box type that is not text: bytes are missing or doubled.
    BoxGarbage = "BOX_GARBAGE", "refuse.damaged" => stream::BOX_GARBAGE,
    /// A box type nobody knows.
    BoxUnknown = "BOX_UNKNOWN", "note.accepted" => stream::BOX_UNKNOWN,
    /// More boxes than any recorder writes.
    TooManyBoxes = "TOO_MANY_BOXES", "refuse.not_camera" => stream::TOO_MANY_BOXES,
    /// `moov` is larger than allowed.
    MoovTooLarge = "MOOV_TOO_LARGE", "refuse.unreadable" => stream::MOOV_TOO_LARGE,
    /// `moof` is larger than allowed.
    MoofTooLarge = "MOOF_TOO_LARGE", "refuse.unreadable" => stream::MOOF_TOO_LARGE,
    /// A second `moov`.
    MoovDuplicate = "MOOV_DUPLICATE", "refuse.damaged" => stream::MOOV_DUPLICATE,
    /// A fragment before `moov`.
    MoofBeforeMoov = "MOOF_BEFORE_MOOV", "refuse.truncated" => stream::MOOF_BEFORE_MOOV,
    /// Bytes after the last box that are no box.
    TrailingBytes = "TRAILING_BYTES", "refuse.damaged" => stream::TRAILING_BYTES,
    /// More bytes than declared.
    LengthMismatch = "LENGTH_MISMATCH", "refuse.damaged" => stream::LENGTH_MISMATCH,
    /// A child box runs past its parent.
    BoxOverrun = "BOX_OVERRUN", "refuse.damaged" => boxes::BOX_OVERRUN,
    /// Children do not fill their parent.
    BoxTail = "BOX_TAIL", "refuse.damaged" => boxes::BOX_TAIL,
    /// Boxes nested too deeply.
    BoxTooDeep = "BOX_TOO_DEEP", "refuse.not_camera" => boxes::BOX_TOO_DEEP,
    /// A box that must be there is not.
    BoxMissing = "BOX_MISSING", "refuse.broken" => boxes::BOX_MISSING,
    /// A box that may be there once is there twice.
    BoxDuplicate = "BOX_DUPLICATE", "refuse.broken" => boxes::BOX_DUPLICATE,
    /// A box under the wrong parent.
    BoxMisplaced = "BOX_MISPLACED", "refuse.damaged" => boxes::BOX_MISPLACED,
    /// A version nobody has defined.
    BoxVersion = "BOX_VERSION", "refuse.damaged" => boxes::BOX_VERSION,
    /// A box shorter than its fixed fields.
    BoxShort = "BOX_SHORT", "refuse.damaged" => boxes::BOX_SHORT,
    /// A timescale of zero, or absurd.
    TimescaleInvalid = "TIMESCALE_INVALID", "refuse.damaged" => boxes::TIMESCALE_INVALID,
    /// More tracks than any recorder writes.
    TooManyTracks = "TOO_MANY_TRACKS", "refuse.not_camera" => boxes::TOO_MANY_TRACKS,
    /// A track id of zero, or used twice.
    TrackIdInvalid = "TRACK_ID_INVALID", "refuse.broken" => boxes::TRACK_ID_INVALID,
    /// No picture.
    NoVideoTrack = "NO_VIDEO_TRACK", "refuse.no_picture" => boxes::NO_VIDEO_TRACK,
    /// A codec that is not on the list.
    CodecUnsupported = "CODEC_UNSUPPORTED", "refuse.codec" => boxes::CODEC_UNSUPPORTED,
    /// Encrypted media.
    Encrypted = "ENCRYPTED", "refuse.encrypted" => boxes::ENCRYPTED,
    /// The codec's configuration is not there.
    CodecConfigMissing = "CODEC_CONFIG_MISSING", "refuse.broken" => boxes::CODEC_CONFIG_MISSING,
    /// The codec's configuration is broken.
    CodecConfigInvalid = "CODEC_CONFIG_INVALID", "refuse.broken" => boxes::CODEC_CONFIG_INVALID,
    /// Not exactly one sample description.
    StsdCount = "STSD_COUNT", "note.accepted" => boxes::STSD_COUNT,
    /// A picture of no size.
    VideoSizeZero = "VIDEO_SIZE_ZERO", "note.accepted" => boxes::VIDEO_SIZE_ZERO,
    /// The media is in another file.
    ExternalData = "EXTERNAL_DATA", "refuse.external" => boxes::EXTERNAL_DATA,
    /// A table that does not fit its box.
    TableSize = "TABLE_SIZE", "refuse.damaged" => samples::TABLE_SIZE,
    /// The sample-to-chunk table contradicts itself.
    StscInvalid = "STSC_INVALID", "refuse.damaged" => samples::STSC_INVALID,
    /// The sample tables count differently.
    SampleCountMismatch = "SAMPLE_COUNT_MISMATCH", "refuse.not_finished" => samples::SAMPLE_COUNT_MISMATCH,
    /// A sample lies past the end of the file.
    SampleOutsideFile = "SAMPLE_OUTSIDE_FILE", "refuse.truncated" => samples::SAMPLE_OUTSIDE_FILE,
    /// A sample lies outside the media data.
    SampleOutsideMdat = "SAMPLE_OUTSIDE_MDAT", "refuse.damaged" => samples::SAMPLE_OUTSIDE_MDAT,
    /// Two samples share bytes.
    SampleOverlap = "SAMPLE_OVERLAP", "refuse.damaged" => samples::SAMPLE_OVERLAP,
    /// The table of key frames contradicts itself.
    SyncTableInvalid = "SYNC_TABLE_INVALID", "refuse.damaged" => samples::SYNC_TABLE_INVALID,
    /// Several statements of the duration differ.
    DurationMismatch = "DURATION_MISMATCH", "note.accepted" => samples::DURATION_MISMATCH,
    /// The edit list does not add up.
    EditListOdd = "EDIT_LIST_ODD", "note.accepted" => samples::EDIT_LIST_ODD,
    /// Too short or too long.
    DurationOutOfRange = "DURATION_OUT_OF_RANGE", "refuse.duration" => samples::DURATION_OUT_OF_RANGE,
    /// A video without a single picture.
    NoSamples = "NO_SAMPLES", "refuse.no_picture" => samples::NO_SAMPLES,
    /// A fragmented file without a fragment.
    NoFragments = "NO_FRAGMENTS", "refuse.truncated" => samples::NO_FRAGMENTS,
    /// A fragment of a track that is not there.
    FragTrackUnknown = "FRAG_TRACK_UNKNOWN", "refuse.truncated" => samples::FRAG_TRACK_UNKNOWN,
    /// Fragments out of order.
    FragSequence = "FRAG_SEQUENCE", "note.accepted" => samples::FRAG_SEQUENCE,
    /// Fragment times run backwards.
    TfdtBackwards = "TFDT_BACKWARDS", "note.accepted" => samples::TFDT_BACKWARDS,
    /// A fragment without media.
    MoofWithoutMdat = "MOOF_WITHOUT_MDAT", "refuse.truncated" => samples::MOOF_WITHOUT_MDAT,
    /// Broken tags.
    MetadataInvalid = "METADATA_INVALID", "note.accepted" => samples::METADATA_INVALID,
    /// Length prefixes of the pictures do not add up.
    NalChain = "NAL_CHAIN", "refuse.damaged" => samples::NAL_CHAIN,
    /// The file ends early.
    Truncated = "TRUNCATED", "refuse.truncated" => whole::TRUNCATED,
    /// There is no `moov`.
    MoovMissing = "MOOV_MISSING", "refuse.not_finished" => whole::MOOV_MISSING,
    /// There is no `mdat`.
    MdatMissing = "MDAT_MISSING", "refuse.truncated" => whole::MDAT_MISSING,
    /// Not the bytes the client announced.
    DigestMismatch = "DIGEST_MISMATCH", "refuse.damaged" => whole::DIGEST_MISMATCH,
    /// Not the bytes the store has.
    PartMismatch = "PART_MISMATCH", "refuse.damaged" => whole::PART_MISMATCH,
    /// Most of the media data is used by no sample.
    MdatUnreferenced = "MDAT_UNREFERENCED", "note.accepted" => whole::MDAT_UNREFERENCED,
    /// The index of the fragments states another size than its own.
    MfraSize = "MFRA_SIZE", "note.accepted" => whole::MFRA_SIZE,
    /// The second reader disagrees.
    SecondOpinion = "SECOND_OPINION", "note.accepted" => whole::SECOND_OPINION,
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

//! The checks of the inspection, by name.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::guide::{Guide, boxes, opening, samples, stream, whole};

/// Each check has a name, a stable code, and a guide: without its three texts it does not compile.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $code:tt => $guide:path,)*) => {
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
    NotMp4 = "NOT_MP4" => opening::NOT_MP4,
    /// The first box (after reserve) is not `ftyp`.
    FtypMissing = "FTYP_MISSING" => opening::FTYP_MISSING,
    /// `ftyp` is too short, too long or not a list of brands.
    FtypInvalid = "FTYP_INVALID" => opening::FTYP_INVALID,
    /// None of the brands is one we know.
    BrandUnsupported = "BRAND_UNSUPPORTED" => opening::BRAND_UNSUPPORTED,
    /// A QuickTime movie, not an MP4 file.
    Quicktime = "QUICKTIME" => opening::QUICKTIME,
    /// Empty, or longer than allowed.
    SizeLimit = "SIZE_LIMIT" => opening::SIZE_LIMIT,
    /// The recorder never wrote the size of `mdat`.
    RecordingNotFinalised = "RECORDING_NOT_FINALISED" => opening::RECORDING_NOT_FINALISED,
    /// A box whose size cannot be.
    BoxSizeInvalid = "BOX_SIZE_INVALID" => stream::BOX_SIZE_INVALID,
    /// A `free` box with a size below its own header.
    FreeTooSmall = "FREE_TOO_SMALL" => stream::FREE_TOO_SMALL,
    /// A box that ends past the end of the file.
    BoxBeyondEnd = "BOX_BEYOND_END" => stream::BOX_BEYOND_END,
    /// A box type that is not text: bytes are missing or doubled.
    BoxGarbage = "BOX_GARBAGE" => stream::BOX_GARBAGE,
    /// A box type nobody knows.
    BoxUnknown = "BOX_UNKNOWN" => stream::BOX_UNKNOWN,
    /// More boxes than any recorder writes.
    TooManyBoxes = "TOO_MANY_BOXES" => stream::TOO_MANY_BOXES,
    /// `moov` is larger than allowed.
    MoovTooLarge = "MOOV_TOO_LARGE" => stream::MOOV_TOO_LARGE,
    /// `moof` is larger than allowed.
    MoofTooLarge = "MOOF_TOO_LARGE" => stream::MOOF_TOO_LARGE,
    /// A second `moov`.
    MoovDuplicate = "MOOV_DUPLICATE" => stream::MOOV_DUPLICATE,
    /// A fragment before `moov`.
    MoofBeforeMoov = "MOOF_BEFORE_MOOV" => stream::MOOF_BEFORE_MOOV,
    /// Bytes after the last box that are no box.
    TrailingBytes = "TRAILING_BYTES" => stream::TRAILING_BYTES,
    /// More bytes than declared.
    LengthMismatch = "LENGTH_MISMATCH" => stream::LENGTH_MISMATCH,
    /// A child box runs past its parent.
    BoxOverrun = "BOX_OVERRUN" => boxes::BOX_OVERRUN,
    /// Children do not fill their parent.
    BoxTail = "BOX_TAIL" => boxes::BOX_TAIL,
    /// Boxes nested too deeply.
    BoxTooDeep = "BOX_TOO_DEEP" => boxes::BOX_TOO_DEEP,
    /// A box that must be there is not.
    BoxMissing = "BOX_MISSING" => boxes::BOX_MISSING,
    /// A box that may be there once is there twice.
    BoxDuplicate = "BOX_DUPLICATE" => boxes::BOX_DUPLICATE,
    /// A box under the wrong parent.
    BoxMisplaced = "BOX_MISPLACED" => boxes::BOX_MISPLACED,
    /// A version nobody has defined.
    BoxVersion = "BOX_VERSION" => boxes::BOX_VERSION,
    /// A box shorter than its fixed fields.
    BoxShort = "BOX_SHORT" => boxes::BOX_SHORT,
    /// A timescale of zero, or absurd.
    TimescaleInvalid = "TIMESCALE_INVALID" => boxes::TIMESCALE_INVALID,
    /// More tracks than any recorder writes.
    TooManyTracks = "TOO_MANY_TRACKS" => boxes::TOO_MANY_TRACKS,
    /// A track id of zero, or used twice.
    TrackIdInvalid = "TRACK_ID_INVALID" => boxes::TRACK_ID_INVALID,
    /// No picture.
    NoVideoTrack = "NO_VIDEO_TRACK" => boxes::NO_VIDEO_TRACK,
    /// A codec that is not on the list.
    CodecUnsupported = "CODEC_UNSUPPORTED" => boxes::CODEC_UNSUPPORTED,
    /// Encrypted media.
    Encrypted = "ENCRYPTED" => boxes::ENCRYPTED,
    /// The codec's configuration is not there.
    CodecConfigMissing = "CODEC_CONFIG_MISSING" => boxes::CODEC_CONFIG_MISSING,
    /// The codec's configuration is broken.
    CodecConfigInvalid = "CODEC_CONFIG_INVALID" => boxes::CODEC_CONFIG_INVALID,
    /// Not exactly one sample description.
    StsdCount = "STSD_COUNT" => boxes::STSD_COUNT,
    /// A picture of no size.
    VideoSizeZero = "VIDEO_SIZE_ZERO" => boxes::VIDEO_SIZE_ZERO,
    /// The media is in another file.
    ExternalData = "EXTERNAL_DATA" => boxes::EXTERNAL_DATA,
    /// A table that does not fit its box.
    TableSize = "TABLE_SIZE" => samples::TABLE_SIZE,
    /// The sample-to-chunk table contradicts itself.
    StscInvalid = "STSC_INVALID" => samples::STSC_INVALID,
    /// The sample tables count differently.
    SampleCountMismatch = "SAMPLE_COUNT_MISMATCH" => samples::SAMPLE_COUNT_MISMATCH,
    /// A sample lies past the end of the file.
    SampleOutsideFile = "SAMPLE_OUTSIDE_FILE" => samples::SAMPLE_OUTSIDE_FILE,
    /// A sample lies outside the media data.
    SampleOutsideMdat = "SAMPLE_OUTSIDE_MDAT" => samples::SAMPLE_OUTSIDE_MDAT,
    /// Two samples share bytes.
    SampleOverlap = "SAMPLE_OVERLAP" => samples::SAMPLE_OVERLAP,
    /// The table of key frames contradicts itself.
    SyncTableInvalid = "SYNC_TABLE_INVALID" => samples::SYNC_TABLE_INVALID,
    /// Several statements of the duration differ.
    DurationMismatch = "DURATION_MISMATCH" => samples::DURATION_MISMATCH,
    /// The edit list does not add up.
    EditListOdd = "EDIT_LIST_ODD" => samples::EDIT_LIST_ODD,
    /// Too short or too long.
    DurationOutOfRange = "DURATION_OUT_OF_RANGE" => samples::DURATION_OUT_OF_RANGE,
    /// A video without a single picture.
    NoSamples = "NO_SAMPLES" => samples::NO_SAMPLES,
    /// A fragmented file without a fragment.
    NoFragments = "NO_FRAGMENTS" => samples::NO_FRAGMENTS,
    /// A fragment of a track that is not there.
    FragTrackUnknown = "FRAG_TRACK_UNKNOWN" => samples::FRAG_TRACK_UNKNOWN,
    /// Fragments out of order.
    FragSequence = "FRAG_SEQUENCE" => samples::FRAG_SEQUENCE,
    /// Fragment times run backwards.
    TfdtBackwards = "TFDT_BACKWARDS" => samples::TFDT_BACKWARDS,
    /// A fragment without media.
    MoofWithoutMdat = "MOOF_WITHOUT_MDAT" => samples::MOOF_WITHOUT_MDAT,
    /// Broken tags.
    MetadataInvalid = "METADATA_INVALID" => samples::METADATA_INVALID,
    /// Length prefixes of the pictures do not add up.
    NalChain = "NAL_CHAIN" => samples::NAL_CHAIN,
    /// The file ends early.
    Truncated = "TRUNCATED" => whole::TRUNCATED,
    /// There is no `moov`.
    MoovMissing = "MOOV_MISSING" => whole::MOOV_MISSING,
    /// There is no `mdat`.
    MdatMissing = "MDAT_MISSING" => whole::MDAT_MISSING,
    /// Not the bytes the client announced.
    DigestMismatch = "DIGEST_MISMATCH" => whole::DIGEST_MISMATCH,
    /// Not the bytes the store has.
    PartMismatch = "PART_MISMATCH" => whole::PART_MISMATCH,
    /// Most of the media data is used by no sample.
    MdatUnreferenced = "MDAT_UNREFERENCED" => whole::MDAT_UNREFERENCED,
    /// The index of the fragments states another size than its own.
    MfraSize = "MFRA_SIZE" => whole::MFRA_SIZE,
    /// The second reader disagrees.
    SecondOpinion = "SECOND_OPINION" => whole::SECOND_OPINION,
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

//! What the inspection has to say about a file.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $code:tt,)*) => {
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
        }
    };
}

checks! {
    /// The first box is none that an MP4 file starts with.
    NotMp4 = "NOT_MP4",
    /// The first box (after reserve) is not `ftyp`.
    FtypMissing = "FTYP_MISSING",
    /// `ftyp` is too short, too long or not a list of brands.
    FtypInvalid = "FTYP_INVALID",
    /// None of the brands is one we know.
    BrandUnsupported = "BRAND_UNSUPPORTED",
    /// A QuickTime movie, not an MP4 file.
    Quicktime = "QUICKTIME",
    /// Empty, or longer than allowed.
    SizeLimit = "SIZE_LIMIT",
    /// The recorder never wrote the size of `mdat`.
    RecordingNotFinalised = "RECORDING_NOT_FINALISED",
    /// A box whose size cannot be.
    BoxSizeInvalid = "BOX_SIZE_INVALID",
    /// A `free` box with a size below its own header.
    FreeTooSmall = "FREE_TOO_SMALL",
    /// A box that ends past the end of the file.
    BoxBeyondEnd = "BOX_BEYOND_END",
    /// A box type that is not text: bytes are missing or doubled.
    BoxGarbage = "BOX_GARBAGE",
    /// A box type nobody knows.
    BoxUnknown = "BOX_UNKNOWN",
    /// More boxes than any recorder writes.
    TooManyBoxes = "TOO_MANY_BOXES",
    /// `moov` is larger than allowed.
    MoovTooLarge = "MOOV_TOO_LARGE",
    /// `moof` is larger than allowed.
    MoofTooLarge = "MOOF_TOO_LARGE",
    /// A second `moov`.
    MoovDuplicate = "MOOV_DUPLICATE",
    /// A fragment before `moov`.
    MoofBeforeMoov = "MOOF_BEFORE_MOOV",
    /// Bytes after the last box that are no box.
    TrailingBytes = "TRAILING_BYTES",
    /// More bytes than declared.
    LengthMismatch = "LENGTH_MISMATCH",
    /// A child box runs past its parent.
    BoxOverrun = "BOX_OVERRUN",
    /// Children do not fill their parent.
    BoxTail = "BOX_TAIL",
    /// Boxes nested too deeply.
    BoxTooDeep = "BOX_TOO_DEEP",
    /// A box that must be there is not.
    BoxMissing = "BOX_MISSING",
    /// A box that may be there once is there twice.
    BoxDuplicate = "BOX_DUPLICATE",
    /// A box under the wrong parent.
    BoxMisplaced = "BOX_MISPLACED",
    /// A version nobody has defined.
    BoxVersion = "BOX_VERSION",
    /// A box shorter than its fixed fields.
    BoxShort = "BOX_SHORT",
    /// A timescale of zero, or absurd.
    TimescaleInvalid = "TIMESCALE_INVALID",
    /// More tracks than any recorder writes.
    TooManyTracks = "TOO_MANY_TRACKS",
    /// A track id of zero, or used twice.
    TrackIdInvalid = "TRACK_ID_INVALID",
    /// No picture.
    NoVideoTrack = "NO_VIDEO_TRACK",
    /// A codec that is not on the list.
    CodecUnsupported = "CODEC_UNSUPPORTED",
    /// Encrypted media.
    Encrypted = "ENCRYPTED",
    /// The codec's configuration is not there.
    CodecConfigMissing = "CODEC_CONFIG_MISSING",
    /// The codec's configuration is broken.
    CodecConfigInvalid = "CODEC_CONFIG_INVALID",
    /// Not exactly one sample description.
    StsdCount = "STSD_COUNT",
    /// A picture of no size.
    VideoSizeZero = "VIDEO_SIZE_ZERO",
    /// The media is in another file.
    ExternalData = "EXTERNAL_DATA",
    /// A table that does not fit its box.
    TableSize = "TABLE_SIZE",
    /// The sample-to-chunk table contradicts itself.
    StscInvalid = "STSC_INVALID",
    /// The sample tables count differently.
    SampleCountMismatch = "SAMPLE_COUNT_MISMATCH",
    /// A sample lies past the end of the file.
    SampleOutsideFile = "SAMPLE_OUTSIDE_FILE",
    /// A sample lies outside the media data.
    SampleOutsideMdat = "SAMPLE_OUTSIDE_MDAT",
    /// Two samples share bytes.
    SampleOverlap = "SAMPLE_OVERLAP",
    /// The table of key frames contradicts itself.
    SyncTableInvalid = "SYNC_TABLE_INVALID",
    /// Several statements of the duration differ.
    DurationMismatch = "DURATION_MISMATCH",
    /// The edit list does not add up.
    EditListOdd = "EDIT_LIST_ODD",
    /// Too short or too long.
    DurationOutOfRange = "DURATION_OUT_OF_RANGE",
    /// A video without a single picture.
    NoSamples = "NO_SAMPLES",
    /// A fragmented file without a fragment.
    NoFragments = "NO_FRAGMENTS",
    /// A fragment of a track that is not there.
    FragTrackUnknown = "FRAG_TRACK_UNKNOWN",
    /// Fragments out of order.
    FragSequence = "FRAG_SEQUENCE",
    /// Fragment times run backwards.
    TfdtBackwards = "TFDT_BACKWARDS",
    /// A fragment without media.
    MoofWithoutMdat = "MOOF_WITHOUT_MDAT",
    /// Broken tags.
    MetadataInvalid = "METADATA_INVALID",
    /// Length prefixes of the pictures do not add up.
    NalChain = "NAL_CHAIN",
    /// The file ends early.
    Truncated = "TRUNCATED",
    /// There is no `moov`.
    MoovMissing = "MOOV_MISSING",
    /// There is no `mdat`.
    MdatMissing = "MDAT_MISSING",
    /// Not the bytes the client announced.
    DigestMismatch = "DIGEST_MISMATCH",
    /// Not the bytes the store has.
    PartMismatch = "PART_MISMATCH",
    /// Most of the media data is used by no sample.
    MdatUnreferenced = "MDAT_UNREFERENCED",
    /// The second reader disagrees.
    SecondOpinion = "SECOND_OPINION",
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// One thing found: a note, or the reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Which check found it.
    #[serde(rename = "code")]
    pub check: Check,
    /// Byte position of the trouble in the file, where it has one.
    pub at: Option<u64>,
    /// The box of the trouble, such as `moov/trak[2]/mdia/minf/stbl`, where it is known: the
    /// innermost one that holds or begins at the position. `[n]` counts from 1 among siblings of
    /// the same kind and is left out where there is one only.
    #[serde(default)] // notes that were stored before there was a path
    pub path: Option<String>,
    /// A sentence a person can act on.
    pub message: String,
}

impl Finding {
    /// A finding at a byte position.
    #[must_use]
    pub fn at(check: Check, at: u64, message: impl Into<String>) -> Self {
        Self { check, at: Some(at), path: None, message: message.into() }
    }

    /// A finding about the file as a whole.
    #[must_use]
    pub fn whole(check: Check, message: impl Into<String>) -> Self {
        Self { check, at: None, path: None, message: message.into() }
    }

    /// The same finding, with the box it is in, unless that is known already.
    #[must_use]
    pub fn within(self, path: Option<String>) -> Self {
        Self { path: self.path.or(path), ..self }
    }
}

/// Why a file is no good, and how early that was certain. `details` of a `video_refused` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Bytes read when it was certain.
    pub judged_after: u64,
    /// What else was noticed.
    pub notes: Vec<Finding>,
}

//! The boxes inside the table of contents (checks 18 to 27).

use super::{AGAIN, ANEW, CAMERA, Effect, Guide, NOTHING};

pub(in crate::model) const BOX_OVERRUN: Guide = Guide {
    check: 18,
    effect: Effect::Refuses,
    means: "A box is larger than the box it lies in.",
    driver: AGAIN,
    developer: "The table of contents was damaged on its way, or the muxer is broken: `path` \
                says in which box.",
};

pub(in crate::model) const BOX_TAIL: Guide = Guide {
    check: 18,
    effect: Effect::Refuses,
    means: "A few bytes are left over inside a box, too few to be a box.",
    driver: AGAIN,
    developer: "As for `BOX_OVERRUN`.",
};

pub(in crate::model) const BOX_TOO_DEEP: Guide = Guide {
    check: 19,
    effect: Effect::Refuses,
    means: "Boxes lie in one another more than 16 deep. No camera writes that.",
    driver: CAMERA,
    developer: "The deepest file of any camera known has 8 levels.",
};

pub(in crate::model) const BOX_MISSING: Guide = Guide {
    check: 20,
    effect: Effect::Refuses,
    means: "A box without which no player can show the video is not there.",
    driver: ANEW,
    developer: "The message names the box, `path` its parent. ISO 14496-12 §8 says which boxes \
                a track must have.",
};

pub(in crate::model) const BOX_DUPLICATE: Guide = Guide {
    check: 20,
    effect: Effect::Refuses,
    means: "A box that may be there once is there twice, or two forms of one table are; players \
             disagree which counts.",
    driver: ANEW,
    developer: "Write `stsz` or `stz2`, `stco` or `co64`, not both.",
};

pub(in crate::model) const BOX_MISPLACED: Guide = Guide {
    check: 21,
    effect: Effect::Refuses,
    means: "A box lies where it does not belong, such as a track outside of `moov`: the table \
            of contents is damaged.",
    driver: AGAIN,
    developer: "As for `BOX_OVERRUN`.",
};

pub(in crate::model) const BOX_VERSION: Guide = Guide {
    check: 22,
    effect: Effect::Refuses,
    means: "A box has a version above 1, so its fields are unknown.",
    driver: AGAIN,
    developer: "Only versions 0 and 1 have been defined for the boxes that are read.",
};

pub(in crate::model) const BOX_SHORT: Guide = Guide {
    check: 22,
    effect: Effect::Refuses,
    means: "A box ends before its fields do.",
    driver: AGAIN,
    developer: "As for `BOX_OVERRUN`.",
};

pub(in crate::model) const TIMESCALE_INVALID: Guide = Guide {
    check: 23,
    effect: Effect::Refuses,
    means: "A track or the movie counts zero units a second, or more than 2,147,483,647; every \
            player divides by that number.",
    driver: AGAIN,
    developer: "Set the timescale of the muxer; 90,000 suits pictures.",
};

pub(in crate::model) const TOO_MANY_TRACKS: Guide = Guide {
    check: 24,
    effect: Effect::Refuses,
    means: "The file has more than 32 tracks. A phone writes up to five.",
    driver: CAMERA,
    developer: "Leave out what is neither picture nor sound.",
};

pub(in crate::model) const TRACK_ID_INVALID: Guide = Guide {
    check: 24,
    effect: Effect::Refuses,
    means: "A track has the number 0, or that of another track.",
    driver: ANEW,
    developer: "Number the tracks from 1.",
};

pub(in crate::model) const NO_VIDEO_TRACK: Guide = Guide {
    check: 25,
    effect: Effect::Refuses,
    means: "There is sound or data in the file, but no picture.",
    driver: CAMERA,
    developer: "Check that the camera was allowed and bound before the recorder began.",
};

pub(in crate::model) const CODEC_UNSUPPORTED: Guide = Guide {
    check: 26,
    effect: Effect::Refuses,
    means: "The picture is encoded in a way that the reviewers' players do not show \
            (`inspect.codecs`).",
    driver: "Set the camera to H.264 or H.265 (HEVC) and record the video again.",
    developer: "Encode as `avc1` or `hvc1`.",
};

pub(in crate::model) const ENCRYPTED: Guide = Guide {
    check: 26,
    effect: Effect::Refuses,
    means: "Sound or picture is encrypted, and nobody here has a key: a bought or downloaded \
            video, not a recording.",
    driver: CAMERA,
    developer: "Nothing: a recording of a camera is never encrypted.",
};

pub(in crate::model) const CODEC_CONFIG_MISSING: Guide = Guide {
    check: 26,
    effect: Effect::Refuses,
    means: "The box that a decoder needs to start (`avcC`, `hvcC`, `av1C` …) is not there.",
    driver: ANEW,
    developer: "Give the muxer the encoder's parameter sets (`csd-0`, `csd-1`) before it starts.",
};

pub(in crate::model) const CODEC_CONFIG_INVALID: Guide = Guide {
    check: 26,
    effect: Effect::Refuses,
    means: "The decoder's configuration contradicts its own lengths.",
    driver: AGAIN,
    developer: "As for `CODEC_CONFIG_MISSING`.",
};

pub(in crate::model) const STSD_COUNT: Guide = Guide {
    check: 26,
    effect: Effect::Notes,
    means: "A track has no description of its samples, or several: a player may have to switch \
            in the middle.",
    driver: NOTHING,
    developer: "Nothing.",
};

pub(in crate::model) const VIDEO_SIZE_ZERO: Guide = Guide {
    check: 26,
    effect: Effect::Notes,
    means: "The description of the picture says that it is 0 pixels wide or high; the decoder \
            will know better.",
    driver: NOTHING,
    developer: "Write the size of the encoded picture into the sample entry.",
};

pub(in crate::model) const EXTERNAL_DATA: Guide = Guide {
    check: 27,
    effect: Effect::Refuses,
    means: "Sound or picture is kept in another file, to which this one only points.",
    driver: "Export the video as one MP4 file and send that.",
    developer: "Export self-contained; a reference movie is of no use elsewhere.",
};

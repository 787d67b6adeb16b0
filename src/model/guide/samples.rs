//! The samples and the fragments (checks 28 to 41).

use super::{AFRESH, AGAIN, Effect, Guide, NOTHING, WHOLE};

pub(in crate::model) const TABLE_SIZE: Guide = Guide {
    check: 28,
    effect: Effect::Refuses,
    means: "A table claims more entries than there are bytes for, or more samples than the file \
             has bytes.",
    driver: AGAIN,
    developer: "As for `BOX_OVERRUN`.",
};

pub(in crate::model) const STSC_INVALID: Guide = Guide {
    check: 29,
    effect: Effect::Either("a note for an empty track that is no picture"),
    means: "The table that sorts samples into chunks does not begin at the first chunk, does \
            not ascend, holds an empty chunk, or names something that is not there.",
    driver: AGAIN,
    developer: "As for `SAMPLE_COUNT_MISMATCH`.",
};

pub(in crate::model) const SAMPLE_COUNT_MISMATCH: Guide = Guide {
    check: 30,
    effect: Effect::Either("a note for an empty track that is no picture"),
    means: "The tables of a track count different numbers of samples: the recorder lost power \
            while it wrote them, or they were damaged.",
    driver: AFRESH,
    developer: "Stop the recorder and wait for it before you send the file.",
};

pub(in crate::model) const SAMPLE_OUTSIDE_FILE: Guide = Guide {
    check: 31,
    effect: Effect::Either(
        "a note `TRUNCATED` where `inspect.cut_recording` is `accept`, for the \
                       last fragment",
    ),
    means: "By the table of contents sound or picture reaches past the end of the file: the \
            file was cut.",
    driver: WHOLE,
    developer: "As for `BOX_BEYOND_END`.",
};

pub(in crate::model) const SAMPLE_OUTSIDE_MDAT: Guide = Guide {
    check: 32,
    effect: Effect::Refuses,
    means: "By the table of contents there should be sound or picture where there is no media: \
            bytes before it were lost or doubled.",
    driver: AGAIN,
    developer: "As for `BOX_GARBAGE`. Whoever puts boxes before the media must move the chunk \
                offsets too.",
};

pub(in crate::model) const SAMPLE_OVERLAP: Guide = Guide {
    check: 33,
    effect: Effect::Refuses,
    means: "Two pieces of sound or picture claim the same bytes. No camera does that.",
    driver: AGAIN,
    developer: "As for `SAMPLE_OUTSIDE_MDAT`.",
};

pub(in crate::model) const SYNC_TABLE_INVALID: Guide = Guide {
    check: 34,
    effect: Effect::Either("a note for an empty track that is no picture"),
    means: "The table of key frames does not ascend, or names a picture that is not there; \
            players seek by it.",
    driver: AGAIN,
    developer: "As for `SAMPLE_COUNT_MISMATCH`.",
};

pub(in crate::model) const DURATION_MISMATCH: Guide = Guide {
    check: 35,
    effect: Effect::Notes,
    means: "The headers say another length than the samples, by more than a second and a tenth.",
    driver: NOTHING,
    developer: "Write the true durations when the recorder is stopped.",
};

pub(in crate::model) const EDIT_LIST_ODD: Guide = Guide {
    check: 36,
    effect: Effect::Notes,
    means: "The edit list of a track cannot be read, or adds up to another length than the track.",
    driver: NOTHING,
    developer: "Nothing.",
};

pub(in crate::model) const DURATION_OUT_OF_RANGE: Guide = Guide {
    check: 37,
    effect: Effect::Refuses,
    means: "The recording is shorter than `inspect.min_duration`, longer than \
            `inspect.max_duration`, or says nowhere how long it is.",
    driver: "Record the video again, as long as the message says.",
    developer: "Show the driver the time that is asked for while he records.",
};

pub(in crate::model) const NO_SAMPLES: Guide = Guide {
    check: 38,
    effect: Effect::Refuses,
    means: "The file describes a video but holds no picture: the camera was stopped at once, or \
             never started.",
    driver: AFRESH,
    developer: "Wait for the first frame before you let the driver stop.",
};

pub(in crate::model) const NO_FRAGMENTS: Guide = Guide {
    check: 38,
    effect: Effect::Refuses,
    means: "The file is only the beginning of a streamed video; the fragments with pictures are \
             missing.",
    driver: "Send the complete recording; if it is refused again, record the video again.",
    developer: "Send the initialisation segment together with its fragments, as one file.",
};

pub(in crate::model) const FRAG_TRACK_UNKNOWN: Guide = Guide {
    check: 39,
    effect: Effect::Refuses,
    means: "A fragment belongs to a track that the file does not describe: pieces of two \
            recordings were joined.",
    driver: "Send the complete recording, not pieces of several; if it is refused again, record \
              the video again.",
    developer: "Each `tfhd` needs a `trak` and a `trex` of its number.",
};

pub(in crate::model) const FRAG_SEQUENCE: Guide = Guide {
    check: 39,
    effect: Effect::Notes,
    means: "The numbers of the fragments do not rise: some were lost, repeated, or joined from \
            several streams.",
    driver: NOTHING,
    developer: "Count `mfhd` up from fragment to fragment.",
};

pub(in crate::model) const TFDT_BACKWARDS: Guide = Guide {
    check: 39,
    effect: Effect::Notes,
    means: "A fragment of a track begins before the one ahead of it.",
    driver: NOTHING,
    developer: "Let `tfdt` grow with what has been written.",
};

pub(in crate::model) const MOOF_WITHOUT_MDAT: Guide = Guide {
    check: 39,
    effect: Effect::Either(
        "a note `TRUNCATED` where `inspect.cut_recording` is `accept`, for the \
                       last fragment",
    ),
    means: "A fragment announces sound or picture, but no media follows it: the recording or \
            the upload was cut.",
    driver: WHOLE,
    developer: "Stop the recorder and wait for it before you send the file.",
};

pub(in crate::model) const METADATA_INVALID: Guide = Guide {
    check: 40,
    effect: Effect::Notes,
    means: "The tags (place, device, title) are damaged; they are left alone.",
    driver: NOTHING,
    developer: "Nothing, unless you write the tags.",
};

pub(in crate::model) const NAL_CHAIN: Guide = Guide {
    check: 41,
    effect: Effect::Either("by `inspect.nal_chain`: `refuse`, `note` or `off`"),
    means: "The lengths inside the encoded pictures do not add up to the size of their sample: \
            a stretch of the media was exchanged or overwritten, though every length is right.",
    driver: AGAIN,
    developer: "Announce the SHA-256 of the file, so that damage on the way is noticed for sure.",
};

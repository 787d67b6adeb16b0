//! The file as a whole (checks 42 to 48).

use super::{AFRESH, Effect, Guide, NOTHING, WHOLE};

pub(in crate::model) const TRUNCATED: Guide = Guide {
    check: 42,
    effect: Effect::Either(
        "a note where `inspect.cut_recording` is `accept` and the recording is \
                       fragmented; it says how much can be played",
    ),
    means: "The file ends in the middle of a box, or before all announced bytes have come.",
    driver: WHOLE,
    developer: "As for `BOX_BEYOND_END`.",
};

pub(in crate::model) const MOOV_MISSING: Guide = Guide {
    check: 43,
    effect: Effect::Refuses,
    means: "There is no table of contents, nor room for one. Cameras write it last, so a \
            recording that was broken off has none.",
    driver: AFRESH,
    developer: "Stop the recorder and wait for it before you send the file. A muxer that writes \
                 fragments loses only the last one when the app is killed.",
};

pub(in crate::model) const MDAT_MISSING: Guide = Guide {
    check: 44,
    effect: Effect::Refuses,
    means: "The file describes a video, but there are no media in it.",
    driver: WHOLE,
    developer: "See that the muxer has written its samples, and that the file was closed.",
};

pub(in crate::model) const DIGEST_MISMATCH: Guide = Guide {
    check: 45,
    effect: Effect::Refuses,
    means: "The bytes that came have another SHA-256 than the one that was announced. It is the \
             only check that notices damage which leaves every length as it was.",
    driver: "Send the file again.",
    developer: "Compute the hash over the file that is sent, after it was closed; send no piece \
                 twice.",
};

pub(in crate::model) const PART_MISMATCH: Guide = Guide {
    check: 46,
    effect: Effect::Never("the store is asked again; nobody is told this code"),
    means: "The object store has other bytes than were sent to it. The store checks the SHA-256\
             that comes with the bytes, so nothing is stored then.",
    driver: "Send the last piece again: the bytes before it are kept.",
    developer: "Repeat the last request; its answer says that it may be repeated.",
};

pub(in crate::model) const MDAT_UNREFERENCED: Guide = Guide {
    check: 47,
    effect: Effect::Notes,
    means: "Less than half of the media is used by any track: leftovers of a recording that was \
             broken off or edited.",
    driver: NOTHING,
    developer: "Nothing.",
};

pub(in crate::model) const MFRA_SIZE: Guide = Guide {
    check: 48,
    effect: Effect::Notes,
    means: "The index at the end of a fragmented file (`mfra`) ends with a size (`mfro`) that \
            is not its own. The index is a hint for players and is not used here.",
    driver: NOTHING,
    developer: "Write the size of `mfra` into `mfro`, or leave both out.",
};

pub(in crate::model) const SECOND_OPINION: Guide = Guide {
    check: 48,
    effect: Effect::Notes,
    means: "Another reader of MP4 files (the crate `mp4`) found other tracks, samples or \
            lengths, or could not read the file.",
    driver: NOTHING,
    developer: "Tell us, and keep the file: one of the two readers is wrong.",
};

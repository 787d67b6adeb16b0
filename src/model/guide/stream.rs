//! The boxes of the top level (checks 8 to 16).

use super::{AGAIN, CAMERA, Effect, Guide, NOTHING, WHOLE};

pub(in crate::model) const BOX_SIZE_INVALID: Guide = Guide {
    check: 8,
    effect: Effect::Refuses,
    means: "A box claims fewer bytes than its own header has, or a box other than the last \
            `mdat` or `moov` claims to run to the end of the file.",
    driver: AGAIN,
    developer: "Bytes were lost, doubled or changed. After a break ask for the offset (`HEAD`) \
                and go on from there.",
};

pub(in crate::model) const FREE_TOO_SMALL: Guide = Guide {
    check: 8,
    effect: Effect::Notes,
    means: "A `free` or `skip` box claims fewer than 8 bytes. Some Android writers leave such a \
             box; it counts as 8.",
    driver: NOTHING,
    developer: "Nothing, unless you write the muxer.",
};

pub(in crate::model) const BOX_BEYOND_END: Guide = Guide {
    check: 9,
    effect: Effect::Either(
        "a note `TRUNCATED` where `inspect.cut_recording` is `accept` and the \
                       recording is fragmented",
    ),
    means: "A box ends after the end of the file as it was announced: the file was cut before \
            it was sent, the upload went on from a wrong offset, or the recording was broken \
            off.",
    driver: WHOLE,
    developer: "Announce the length of the finished file. When an upload is resumed, continue \
                at the offset that the server names, not at the one you remember.",
};

pub(in crate::model) const BOX_GARBAGE: Guide = Guide {
    check: 10,
    effect: Effect::Refuses,
    means: "Where a box should begin there is something else: bytes before it are missing or \
            doubled, or the recording was broken off.",
    driver: AGAIN,
    developer: "The commonest cause is a resumed upload that repeated or skipped a piece. \
                Compare your offsets with `Upload-Offset`.",
};

pub(in crate::model) const BOX_UNKNOWN: Guide = Guide {
    check: 11,
    effect: Effect::Notes,
    means: "A box of a type that is not known here; it is skipped, as the standard asks. Makers \
             of phones add such boxes.",
    driver: NOTHING,
    developer: "Nothing.",
};

pub(in crate::model) const TOO_MANY_BOXES: Guide = Guide {
    check: 12,
    effect: Effect::Refuses,
    means: "The file has more than 100,000 boxes, 16,384 fragments or 64 media boxes outside of \
             fragments. No camera writes that.",
    driver: CAMERA,
    developer: "Write longer fragments: one a second is plenty.",
};

pub(in crate::model) const MOOV_TOO_LARGE: Guide = Guide {
    check: 13,
    effect: Effect::Refuses,
    means: "The table of contents has more bytes than are read (`inspect.max_moov`). It takes \
            about 1 % of a recording.",
    driver: "Record a shorter video with the phone's camera and send that.",
    developer: "Look for tags with pictures in `udta`, or for tables of one sample a chunk.",
};

pub(in crate::model) const MOOF_TOO_LARGE: Guide = Guide {
    check: 13,
    effect: Effect::Refuses,
    means: "The table of contents of one fragment has more bytes than are read \
            (`inspect.max_moof`).",
    driver: "Record a shorter video with the phone's camera and send that.",
    developer: "Write shorter fragments.",
};

pub(in crate::model) const MOOV_DUPLICATE: Guide = Guide {
    check: 14,
    effect: Effect::Refuses,
    means: "The file has two tables of contents, and players disagree which one counts. Two \
            files were joined, or a piece was sent twice.",
    driver: AGAIN,
    developer: "Do not join files byte by byte; after a break ask for the offset and go on from \
                 there.",
};

pub(in crate::model) const MOOF_BEFORE_MOOV: Guide = Guide {
    check: 14,
    effect: Effect::Refuses,
    means: "A fragment comes before the table of contents that describes its tracks: the \
            beginning of a stream is missing.",
    driver: "Send the complete recording, not a piece of it; if it is refused again, record the \
              video again.",
    developer: "Put the initialisation segment (`ftyp`, `moov`) before the fragments.",
};

pub(in crate::model) const TRAILING_BYTES: Guide = Guide {
    check: 15,
    effect: Effect::Either("a note where they are zeros, up to 64 KiB of them"),
    means: "Something follows the last box that is no box.",
    driver: AGAIN,
    developer: "Send exactly the bytes of the file: no line end, no padding, no part of a form.",
};

pub(in crate::model) const LENGTH_MISMATCH: Guide = Guide {
    check: 16,
    effect: Effect::Refuses,
    means: "More bytes came than were announced.",
    driver: AGAIN,
    developer: "Announce the length after the recorder has closed the file, and send no byte \
                twice.",
};

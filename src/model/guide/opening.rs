//! The first bytes (checks 1 to 7).

use super::{AFRESH, AGAIN, CAMERA, EXPORT, Effect, Guide};

pub(in crate::model) const NOT_MP4: Guide = Guide {
    check: 1,
    effect: Effect::Refuses,
    means: "The first eight bytes are not the beginning of a movie file: it is a picture, a \
            document, a piece of a stream, or a few bytes.",
    driver: CAMERA,
    developer: "Send the bytes of the file itself, from its first byte on, without a wrapper \
                such as Base64 or a form part's header. Offer only videos in the picker.",
};

pub(in crate::model) const FTYP_MISSING: Guide = Guide {
    check: 2,
    effect: Effect::Either("a note where `inspect.quicktime` is `accept`"),
    means: "The box that says what kind of file this is does not come first. Up to 64 KiB of \
            reserve (`free`, `skip`, `wide`) may stand before it.",
    driver: EXPORT,
    developer: "Every recorder of a phone writes `ftyp` first. See that the first piece of the \
                upload is the beginning of the file.",
};

pub(in crate::model) const FTYP_INVALID: Guide = Guide {
    check: 3,
    effect: Effect::Refuses,
    means: "`ftyp` holds a brand, a version and more brands of four bytes each; this one has \
            fewer than 8 bytes, a broken brand, or more than 4 KiB.",
    driver: AGAIN,
    developer: "The bytes were damaged on their way, or a muxer is broken. Compare the SHA-256 \
                of what was sent with that of the file.",
};

pub(in crate::model) const BRAND_UNSUPPORTED: Guide = Guide {
    check: 4,
    effect: Effect::Refuses,
    means: "The file names kinds (brands) of which none is MP4, 3GPP or QuickTime: it may be a \
            picture (HEIF) or something that no player here knows.",
    driver: EXPORT,
    developer: "Mux with a brand such as `isom` or `mp42` among the compatible ones.",
};

pub(in crate::model) const QUICKTIME: Guide = Guide {
    check: 5,
    effect: Effect::Either("a note where `inspect.quicktime` is `accept`"),
    means: "The only brand is `qt  `: the form in which the iPhone's camera records. The \
            interface asks for `video/mp4`.",
    driver: "Export the video as MP4, or set the camera to its most compatible format and \
             record again.",
    developer: "On iOS export with `AVAssetExportSession` and the file type `.mp4`; with \
                `AVAssetExportPresetPassthrough` nothing is encoded again.",
};

pub(in crate::model) const SIZE_LIMIT: Guide = Guide {
    check: 6,
    effect: Effect::Refuses,
    means: "The file has no bytes, or more than the operator takes (`upload.max_length`).",
    driver: "Send the video file itself. If it is too large, record a shorter video or in a \
             lower resolution.",
    developer: "Look at the length before the upload; the limit stands in `Tus-Max-Size`. Wait \
                until the recorder has closed the file.",
};

pub(in crate::model) const RECORDING_NOT_FINALISED: Guide = Guide {
    check: 7,
    effect: Effect::Refuses,
    means: "The size of `mdat` is still the placeholder `????` that Android's recorder leaves \
            until it is stopped: the app was closed or the phone switched off while it \
            recorded. There is no table of contents, so nothing can be played.",
    driver: AFRESH,
    developer: "Call `stop()` and wait for it before you send the file; on a failure of \
                `stop()` delete the file. Do not send a file that is still being written.",
};

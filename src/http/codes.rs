//! The stable codes of problems: what stands in `error` of every answer that is not a good one.
//!
//! A code is a promise to programs: it may be joined by others, and is never renamed (T9). A code
//! that is not in this table is in no answer; a test reads the sources for it.

/// Every code, with what it means. In the order of the alphabet.
pub const CODES: &[(&str, &str)] = &[
    ("biin_taken", "another company has that BIN or IIN"),
    ("body_cut", "the body ended too early"),
    ("body_too_large", "the body is longer than allowed"),
    ("body_too_slow", "the body came too slowly; send it again"),
    ("busy", "too much of this kind is under way just now; ask again"),
    ("checksum_mismatch", "the piece is not what its checksum says; send it again"),
    ("credentials_invalid", "login and password do not open anything"),
    ("decision_conflict", "the report has changed since; `details` say how it stands now"),
    ("delete_oneself", "nobody deletes himself, nor the last director"),
    ("disk_pressure", "there is no room just now; ask again later"),
    ("file_too_large", "the video is longer than allowed; `details.max_length` says the limit"),
    ("forbidden", "you may not do this"),
    ("internal", "something is broken on our side; `request_id` helps us to find it"),
    ("message_busy", "the same message is being taken just now; send it again"),
    ("message_differs", "another message had this number"),
    ("message_too_large", "the message is longer than allowed; `details` name the limit"),
    ("method_not_allowed", "the address does not know this method; see `Allow`"),
    ("not_found", "there is no such thing, or it is not yours"),
    ("not_mp4", "the first bytes are none that an MP4 file starts with"),
    (
        "offset_mismatch",
        "that is not where the upload stands; ask with `HEAD` and go on from there",
    ),
    ("otp_expired", "the code was good and is too old; ask for a new one"),
    ("otp_invalid", "the code does not open this, or no more"),
    ("otp_rate_limited", "codes were asked for too often; come back after `Retry-After`"),
    ("rate_limited", "too many requests; come back after `Retry-After`"),
    ("report_already_submitted", "there is a video already; `details.sha256` says which"),
    ("report_closed", "the report takes no video any more"),
    ("storage_unavailable", "something behind the service is away; ask again"),
    ("token_expired", "the token was good and is too old; get a new one"),
    ("token_invalid", "there is no token, or it is none of ours"),
    (
        "token_reused",
        "the refresh token was used before: the session has been ended, sign in again",
    ),
    ("too_many_items", "the message has more items than allowed; `details` name the limit"),
    ("unsupported_media_type", "the body is of a type that is not read here"),
    ("upload_ended", "the upload has ended for good; begin a new one"),
    ("upload_locked", "somebody else is at this upload just now; ask again"),
    ("validation_failed", "something cannot be read or cannot be; `details` names the fields"),
    ("video_refused", "the inspection refused the video; `details` say which check, where and why"),
    ("video_reused", "another report holds this video; `details.links` say which you may know of"),
];

/// What a code means, if it is one.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

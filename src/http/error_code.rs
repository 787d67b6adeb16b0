//! The stable codes of problems: the value of `error` in every response that reports one.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// Defines [`ErrorCode`] from one table: variant, code on the wire, usual status, meaning.
macro_rules! error_codes {
    ($($variant:ident $code:literal $status:literal $meaning:literal)*) => {
        /// Clients rely on the codes: codes may be added, none is ever renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $meaning] #[serde(rename = $code)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What the code means, for the OpenAPI document.
            pub(super) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The status that a problem with this code has unless its handler says otherwise.
            pub(super) fn status(self) -> StatusCode {
                let status = match self { $(Self::$variant => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    };
}

error_codes! {
    BiinTaken "biin_taken" 409
        "another company already has this BIN or IIN"
    BodyCut "body_cut" 503
        "the connection broke before the whole body arrived; retry"
    BodyTooLarge "body_too_large" 413
        "the body is longer than allowed"
    BodyTooSlow "body_too_slow" 408
        "the body did not arrive in time; send it again"
    Busy "busy" 503
        "the service is at its limit for this kind of request; retry after `Retry-After`"
    ChecksumMismatch "checksum_mismatch" 460
        "the bytes do not match `Upload-Checksum` and were discarded; send them again"
    CredentialsInvalid "credentials_invalid" 401
        "the login or the password is wrong"
    CsrfInvalid "csrf_invalid" 403
        "the page is too old, or another person has signed in on this browser; load it again"
    DecisionConflict "decision_conflict" 409
        "the report has changed in the meantime; `details` has its current state"
    DeleteOneself "delete_oneself" 409
        "you cannot delete yourself or the last director"
    DeviceUnconfirmed "device_unconfirmed" 401
        "too many wrong codes were entered for the company; request a new code, and confirm the device by the link in its mail"
    DiskPressure "disk_pressure" 507
        "the server is out of storage space; retry after `Retry-After`"
    FileTooLarge "file_too_large" 413
        "the video is longer than allowed; `details.max_length` is the limit in bytes"
    Forbidden "forbidden" 403
        "you are not allowed to do this"
    Internal "internal" 500
        "an error on our side; `request_id` identifies it in our log"
    MailRefused "mail_refused" 503
        "the mail server refuses mails to the mailbox of the company, so no code arrives; the manager has to correct the address"
    MessageBusy "message_busy" 423
        "the same message is being processed; send it again after `Retry-After`"
    MessageDiffers "message_differs" 409
        "another message with this number has already been received"
    MessageTooLarge "message_too_large" 413
        "the message is longer than allowed; `details.max_body` is the limit in bytes"
    MethodNotAllowed "method_not_allowed" 405
        "this path does not support the method; `Allow` lists those it supports"
    NotFound "not_found" 404
        "it does not exist, or you have no access to it"
    NotMp4 "not_mp4" 415
        "the file does not start like an MP4"
    OffsetMismatch "offset_mismatch" 409
        "the upload has another offset; `Upload-Offset` says where to continue"
    OtpExpired "otp_expired" 401
        "the code has expired; request a new one"
    OtpInvalid "otp_invalid" 401
        "the code is invalid or no longer valid"
    OtpRateLimited "otp_rate_limited" 429
        "too many codes were requested; retry after `Retry-After`"
    RateLimited "rate_limited" 429
        "too many requests; retry after `Retry-After`"
    ReportAlreadySubmitted "report_already_submitted" 422
        "the report already has a video; `details.sha256` is its hash"
    ReportClosed "report_closed" 422
        "the report no longer accepts a video"
    SessionExpired "session_expired" 401
        "the browser's session has expired through inactivity; sign in again"
    SessionMissing "session_missing" 401
        "the browser is not signed in, or its session has ended"
    StorageUnavailable "storage_unavailable" 503
        "the database or the video store is unavailable; retry after `Retry-After`"
    TokenExpired "token_expired" 401
        "the token has expired; get a new one"
    TokenInvalid "token_invalid" 401
        "the token is missing or not valid"
    TokenReused "token_reused" 401
        "the refresh token was used before, so the session was ended; sign in again"
    TooManyItems "too_many_items" 422
        "the message has more items than allowed; `details.max_items` is the limit"
    TotpInvalid "totp_invalid" 401
        "the code of the authenticator app is wrong, or was used before"
    TotpRequired "totp_required" 401
        "the password is right; send the code of the authenticator app with it"
    UnsupportedEncoding "unsupported_encoding" 415
        "the body is compressed; send it without `Content-Encoding`"
    UnsupportedMediaType "unsupported_media_type" 415
        "the body, or the declared type of the video, has a content type that is not accepted"
    UploadEnded "upload_ended" 410
        "the upload has ended; create a new one"
    UploadLocked "upload_locked" 423
        "another request is using this upload; retry after `Retry-After`"
    ValidationFailed "validation_failed" 422
        "the request cannot be read, or a value is not acceptable; `details` names the fields"
    VideoRefused "video_refused" 422
        "the inspection refused the video; `details` has the check, the position and the reason"
    VideoReused "video_reused" 422
        "the video was already submitted for another report; `details.links` names those you may see"
}

//! The HTTP answers to errors of uploads.

use axum::http::{HeaderName, StatusCode};
use serde_json::json;

use crate::model::texts::Language;
use crate::model::{Check, Refusal, error_chain};
use crate::upload::UploadError;

use super::auth_errors::seconds;
use super::error_code::ErrorCode;
use super::problem::{self, Problem};

/// How soon a busy upload is worth asking for again, in seconds.
const SOON: u64 = 1;
/// How soon something that is away is worth asking for again, in seconds.
const LATER: u64 = 5;

/// The offset a client has to go on from.
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match &error {
            UploadError::Internal(cause) => {
                tracing::error!(error = %error_chain(&**cause), "request failed");
            }
            UploadError::Unavailable(what, cause) => {
                tracing::warn!(what, error = %error_chain(&**cause), "away");
            }
            _ => {}
        }
        let message = error.to_string();
        match error {
            UploadError::NotFound => Self::not_found("there is no such upload; begin a new one"),
            UploadError::ReportNotFound => Self::not_found("there is no such report"),
            UploadError::Forbidden => Self::new(ErrorCode::Forbidden, message),
            UploadError::Ended { state, refusal } => gone(state.as_str(), refusal.as_deref()),
            UploadError::Conflict(offset) => Self::new(ErrorCode::OffsetMismatch, message)
                .with_header(UPLOAD_OFFSET, offset.get())
                .with_details(json!({ "offset": offset })),
            UploadError::Busy | UploadError::TakenOver => {
                Self::new(ErrorCode::UploadLocked, message).retry_after(SOON)
            }
            UploadError::Cut(_) => Self::new(
                ErrorCode::BodyCut,
                "the body ended too early; what arrived was kept, ask for the offset and go on",
            ),
            UploadError::TooLong { max } => too_long(max),
            UploadError::Checksum => Self::checksum_mismatch(),
            UploadError::Refused(refusal) => refused(&refusal),
            UploadError::RefusedBefore(refusal) => refused_before(&refusal),
            UploadError::AlreadySubmitted { held } => {
                Self::new(ErrorCode::ReportAlreadySubmitted, message)
                    .with_details(json!({ "sha256": held }))
            }
            UploadError::Reused { links } => {
                Self::new(ErrorCode::VideoReused, message).with_details(json!({ "links": links }))
            }
            UploadError::ReportClosed => Self::new(ErrorCode::ReportClosed, message),
            UploadError::TooMany { .. } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(LATER)
            }
            UploadError::TooManyPreflights { retry_after } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(seconds(retry_after))
            }
            UploadError::PreflightsBusy => Self::new(ErrorCode::Busy, message).retry_after(LATER),
            UploadError::StillFinishing => {
                let message = "all bytes are here, storing them takes long; ask again";
                Self::new(ErrorCode::UploadLocked, message)
                    .with_status(StatusCode::SERVICE_UNAVAILABLE)
                    .retry_after(LATER)
            }
            UploadError::Unavailable(..) => problem::storage_unavailable(message),
            UploadError::DiskFull(_) => {
                Self::new(ErrorCode::DiskPressure, message).retry_after(LATER)
            }
            UploadError::Internal(_) => problem::internal(),
        }
    }
}

/// 413, declared or real.
pub(super) fn too_long(max: u64) -> Problem {
    let message = format!("a video has at most {max} bytes");
    Problem::new(ErrorCode::FileTooLarge, message).with_details(json!({ "max_length": max }))
}

/// The verdict of the inspection: 415 when it is no MP4 at all, 413 when it is too long, else 422.
pub(super) fn refused(refusal: &Refusal) -> Problem {
    let code = match refusal.finding.check {
        Check::NotMp4 => ErrorCode::NotMp4,
        _ => ErrorCode::VideoRefused,
    };
    let message = refusal.finding.driver_text(Language::default());
    Problem::new(code, message).with_details(json!(refusal))
}

/// The same bytes again: 422 whatever the check, so that a client does not try once more; `remembered`
/// says that nothing was looked at this time.
fn refused_before(refusal: &Refusal) -> Problem {
    let mut details = json!(refusal);
    details["remembered"] = json!(true);
    let message = refusal.finding.driver_text(Language::default());
    Problem::new(ErrorCode::VideoRefused, message).with_details(details)
}

fn gone(state: &str, refusal: Option<&Refusal>) -> Problem {
    let problem = match refusal {
        Some(refusal) => refused(refusal),
        None => Problem::new(ErrorCode::UploadEnded, format!("the upload is {state}")),
    };
    problem.with_status(StatusCode::GONE)
}

/// A HEAD never tells a phone to start again while its upload may still live: trouble that passes
/// is "locked", which every client asks again for.
pub(super) fn for_head(error: UploadError) -> Problem {
    let passes = matches!(
        error,
        UploadError::Unavailable(..)
            | UploadError::DiskFull(_)
            | UploadError::StillFinishing
            | UploadError::Internal(_)
            | UploadError::Cut(_)
    );
    let problem = Problem::from(error);
    if passes { problem.with_status(StatusCode::LOCKED).retry_after(SOON) } else { problem }
}

/// The form door keeps the document's 409 for a report that wants no video (Q32), and keeps nothing
/// of a form that was cut.
pub(super) fn for_form(error: UploadError) -> Problem {
    if matches!(error, UploadError::Cut(_)) {
        let message = "the form ended too early; send it again from the beginning";
        return Problem::new(ErrorCode::BodyCut, message);
    }
    let conflict =
        matches!(error, UploadError::AlreadySubmitted { .. } | UploadError::ReportClosed);
    let problem = Problem::from(error);
    if conflict { problem.with_status(StatusCode::CONFLICT) } else { problem }
}

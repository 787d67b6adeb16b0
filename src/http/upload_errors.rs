//! The HTTP responses to errors of uploads.

use axum::http::{HeaderName, StatusCode};
use serde_json::json;

use crate::model::texts::{Text, text};
use crate::model::{BrokenLimit, Check, Finding, Refusal, UploadState, error_chain};
use crate::upload::UploadError;

use super::auth_errors::seconds;
use super::error_code::ErrorCode;
use super::problem::{self, Problem};

/// `Retry-After` while another request uses the upload, in seconds.
const LOCKED_RETRY: u64 = 1;
/// `Retry-After` for conditions that take longer, in seconds.
const BUSY_RETRY: u64 = 5;

/// Where the next byte goes.
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        log(&error);
        let technical = error.to_string();
        let with = |code: ErrorCode, text: Text| Self::new(code, text);
        match error {
            UploadError::NotFound => Self::not_found(text!("problem.upload_not_found")),
            UploadError::ReportNotFound => Self::not_found(text!("problem.report_not_found")),
            UploadError::Forbidden => with(ErrorCode::Forbidden, text!("problem.reviewer")),
            UploadError::Ended { state, refusal } => ended(state, refusal.as_deref()),
            UploadError::Conflict(offset) => Self::new(ErrorCode::OffsetMismatch, technical)
                .with_header(UPLOAD_OFFSET, offset.get())
                .with_details(json!({ "offset": offset })),
            UploadError::Busy | UploadError::TakenOver => {
                with(ErrorCode::UploadLocked, text!("problem.upload_busy"))
                    .retry_after(LOCKED_RETRY)
            }
            UploadError::Cut(_) => with(ErrorCode::BodyCut, text!("problem.connection_lost")),
            UploadError::TooLong { max } => too_long(max),
            UploadError::Checksum => Self::checksum_mismatch(),
            UploadError::Refused(refusal) => refused(&refusal),
            UploadError::RefusedBefore(refusal) => refused_before(&refusal),
            UploadError::AlreadySubmitted { held } => {
                with(ErrorCode::ReportAlreadySubmitted, text!("problem.report_submitted"))
                    .with_details(json!({ "sha256": held }))
            }
            UploadError::Reused { links } => with(ErrorCode::VideoReused, text!("refuse.reused"))
                .with_details(json!({ "links": links })),
            UploadError::ReportClosed => {
                with(ErrorCode::ReportClosed, text!("problem.report_closed"))
            }
            UploadError::TooMany { retry_after, .. } => {
                with(ErrorCode::RateLimited, text!("problem.too_many_uploads"))
                    .retry_after(seconds(retry_after))
            }
            UploadError::TooManyAbandoned { retry_after, .. }
            | UploadError::TooManyPreflights { retry_after } => {
                with(ErrorCode::RateLimited, text!("problem.too_many_requests"))
                    .retry_after(seconds(retry_after))
            }
            UploadError::PreflightsBusy => {
                with(ErrorCode::Busy, text!("problem.busy")).retry_after(BUSY_RETRY)
            }
            UploadError::StillFinishing => with(ErrorCode::UploadLocked, text!("problem.storing"))
                .with_status(StatusCode::SERVICE_UNAVAILABLE)
                .retry_after(BUSY_RETRY),
            UploadError::Unavailable(..) => problem::storage_unavailable(),
            UploadError::DiskFull(_) => {
                with(ErrorCode::DiskPressure, text!("problem.disk_full")).retry_after(BUSY_RETRY)
            }
            UploadError::Internal(_) => problem::internal(),
        }
    }
}

fn log(error: &UploadError) {
    match error {
        UploadError::Internal(cause) => {
            tracing::error!(error = %error_chain(&**cause), "upload request failed");
        }
        UploadError::Unavailable(what, cause) => {
            tracing::warn!(what, error = %error_chain(&**cause), "dependency unavailable");
        }
        _ => {}
    }
}

/// 413: the declared or the actual length exceeds `max` bytes.
pub(super) fn too_long(max: u64) -> Problem {
    let finding = Finding::whole(Check::SizeLimit, "");
    let finding = finding.with_limit(BrokenLimit::TooLarge { max_bytes: max });
    Problem::new(ErrorCode::FileTooLarge, finding).with_details(json!({ "max_length": max }))
}

/// The inspection's refusal: 415 if the file is not an MP4 at all, else 422.
pub(super) fn refused(refusal: &Refusal) -> Problem {
    let code = match refusal.finding.check {
        Check::NotMp4 => ErrorCode::NotMp4,
        _ => ErrorCode::VideoRefused,
    };
    Problem::new(code, refusal.finding.clone()).with_details(json!(refusal))
}

/// The refusal of bytes that were refused before, and are not inspected again: 422 whatever the check,
/// so that clients do not retry.
fn refused_before(refusal: &Refusal) -> Problem {
    let mut details = json!(refusal);
    details["remembered"] = json!(true);
    Problem::new(ErrorCode::VideoRefused, refusal.finding.clone()).with_details(details)
}

/// 410: refused, or ended for another reason.
fn ended(state: UploadState, refusal: Option<&Refusal>) -> Problem {
    let problem = match refusal {
        Some(refusal) => refused(refusal),
        None => Problem::new(ErrorCode::UploadEnded, text!("problem.upload_ended"))
            .with_details(json!({ "state": state.as_str() })),
    };
    problem.with_status(StatusCode::GONE)
}

/// For HEAD: clients discard an upload's URL on most error statuses, so a temporary error is answered 423, which
/// every client retries.
pub(super) fn for_head(error: UploadError) -> Problem {
    let is_temporary = matches!(
        error,
        UploadError::Unavailable(..)
            | UploadError::DiskFull(_)
            | UploadError::StillFinishing
            | UploadError::Internal(_)
            | UploadError::Cut(_)
    );
    let problem = Problem::from(error);
    if is_temporary {
        problem.with_status(StatusCode::LOCKED).retry_after(LOCKED_RETRY)
    } else {
        problem
    }
}

/// For the form. It cannot be resumed, so the text asks for the whole form again; a report that takes no
/// video is 409.
pub(super) fn for_form(error: UploadError) -> Problem {
    match error {
        UploadError::Cut(_) => {
            Problem::new(ErrorCode::BodyCut, text!("problem.connection_lost_form"))
        }
        UploadError::AlreadySubmitted { .. } | UploadError::ReportClosed => {
            Problem::from(error).with_status(StatusCode::CONFLICT)
        }
        error => Problem::from(error),
    }
}

//! The OpenAPI operation of the form.

use utoipa::{OpenApi, ToSchema};

use crate::http::answer::Answer;
use crate::http::error_code::ErrorCode;
use crate::model::{Digest, RefKey, SubmissionId};

#[derive(OpenApi)]
#[openapi(paths(upload_report))]
pub(super) struct Operations;

/// A report with its video. The parts may come in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the body")]
struct ReportUploadForm {
    /// The video, `video/mp4`, at most 64 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The report.
    ref_key: RefKey,
    /// When the video was sent: `yyyy-mm-dd hh:mm:ss` in the time zone of the service
    /// (`leasing.time_zone`, Asia/Almaty by default), or exactly with `Z` or an offset
    /// (`2026-05-13T05:00:00Z`). The texts into which Swift, Java, Ruby, JavaScript and PHP convert a date
    /// are read too.
    #[schema(
        example = "2026-05-13 10:00:00",
        pattern = r"^\s*(\d{4}-\d\d-\d\d[T +]|\d\d\.\d\d\.\d{4},? |([A-Z][a-z]{2},? )?([A-Z][a-z]{2} \d{1,2} (\d{4} )?|\d{1,2} [A-Z][a-z]{2} \d{4} ))([01]\d|2[0-3]):[0-5]\d(:\d\d(\.\d+)?)?([ Z+\[-](.*[^(])?)?$"
    )]
    time_sent: String,
    /// When the video was recorded, written like `time_sent`. Used where the file does not state it.
    #[schema(
        example = "2026-05-13 09:55:00",
        pattern = r"^\s*(\d{4}-\d\d-\d\d[T +]|\d\d\.\d\d\.\d{4},? |([A-Z][a-z]{2},? )?([A-Z][a-z]{2} \d{1,2} (\d{4} )?|\d{1,2} [A-Z][a-z]{2} \d{4} ))([01]\d|2[0-3]):[0-5]\d(:\d\d(\.\d+)?)?([ Z+\[-](.*[^(])?)?$"
    )]
    recorded_at: Option<String>,
    /// Latitude in degrees. A decimal comma is accepted.
    #[schema(minimum = -90, maximum = 90, example = 43.238_949)]
    lat: f64,
    /// Longitude in degrees.
    #[schema(minimum = -180, maximum = 180, example = 76.889_709)]
    long: f64,
    /// SHA-256 of the file. If it differs, the video is refused as damaged.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
}

/// The stored video.
#[derive(serde::Serialize, ToSchema)]
struct ReportUploadResponse {
    submission_id: SubmissionId,
    /// SHA-256 of the file, hexadecimal.
    sha256: Digest,
}

/// Upload a video in a form
///
/// Cannot be resumed; a repetition of the same request is answered with 201 again. `ref_key`,
/// `time_sent`, `recorded_at`, `lat`, `long` and `sha256` may also be sent in the query or in headers (`X-Ref-Key`, …),
/// so that a refusal can precede the video.
#[utoipa::path(
    post,
    path = "/reports/upload",
    tag = "upload",
    security(("access_token" = [])),
    params(("X-Ref-Key" = Option<RefKey>, Header,
        description = "The report, for an early refusal")),
    request_body(content = ReportUploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored and submitted", body = Answer<ReportUploadResponse>, example = json!({
            "status": "ok",
            "data": {
                "message": "Report has been successfully saved.",
                "code": 201,
                "submission_id": "019e1ee4-f400-7000-8000-000000000002",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            },
        })),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The form is malformed."],
        [403, [ErrorCode::Forbidden], "Reviewers cannot upload videos."],
        [404, [ErrorCode::NotFound], "There is no such report, or the caller may not see it."],
        [409, [ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed]],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::UnsupportedEncoding, ErrorCode::NotMp4]],
        [422, [ErrorCode::ValidationFailed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [429, [ErrorCode::RateLimited], "The caller has too many open uploads, and all of them are receiving bytes."],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_report() {}

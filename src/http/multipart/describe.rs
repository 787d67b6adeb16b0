//! What the form says of itself in the OpenAPI document.

use utoipa::{OpenApi, ToSchema};

use crate::http::Answer;
use crate::http::error_code::ErrorCode;
use crate::model::{Digest, RefKey, SubmissionId};

/// The operation of this door.
#[derive(OpenApi)]
#[openapi(paths(upload_report))]
pub(super) struct Door;

/// The form of the document; parts in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the body")]
struct ReportForm {
    /// The video, `video/mp4`, at most 64 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The report.
    ref_key: RefKey,
    /// `yyyy-mm-dd hh:mm:ss` where the driver is; an ISO date with an offset is fine too.
    #[schema(
        example = "2026-05-13 10:00:00",
        pattern = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}"
    )]
    time_sent: String,
    /// Degrees north; a decimal comma is fine.
    #[schema(minimum = -90, maximum = 90, example = 43.238_949)]
    lat: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 76.889_709)]
    long: f64,
    /// What the file must be, if the app knows: a refusal instead of a damaged video.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
}

/// What the report holds now.
#[derive(serde::Serialize, ToSchema)]
struct Saved {
    submission_id: SubmissionId,
    /// Of the file, hexadecimal.
    sha256: Digest,
}

/// The documented form, with the video in it (E9)
///
/// Cannot resume; the same request again is answered 201 again. `ref_key`, `time_sent`, `lat`,
/// `long`, `sha256` may also stand in the query or in headers (`X-Ref-Key`, …), so that a refusal
/// can come before the video is sent.
#[utoipa::path(
    post,
    path = "/reports/upload",
    tag = "upload",
    security(("access_token" = [])),
    params(("X-Ref-Key" = Option<RefKey>, Header,
        description = "The report once more, for an early refusal")),
    request_body(content = ReportForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored and submitted", body = Answer<Saved>, example = json!({
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
        [400, [ErrorCode::ValidationFailed], "The form cannot be read"],
        [403, [ErrorCode::Forbidden], "A reviewer sends no videos"],
        [404, [ErrorCode::NotFound], "No such report, or not yours to film"],
        [409, [ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed]],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::NotMp4]],
        [422, [ErrorCode::ValidationFailed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [429, [ErrorCode::RateLimited], "Too many open uploads"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_report() {}

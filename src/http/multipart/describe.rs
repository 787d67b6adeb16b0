//! What the form says of itself in the OpenAPI document.

use utoipa::{OpenApi, ToSchema};

use crate::http::Answer;
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
        (status = 400, description = "validation_failed: the form cannot be read"),
        (status = 403, description = "forbidden: a reviewer sends no videos"),
        (status = 404, description = "not_found: no such report, or not yours to film"),
        (status = 409, description = "report_already_submitted, report_closed"),
        (status = 413, description = "file_too_large"),
        (status = 415, description = "not_mp4"),
        (status = 422, description = "validation_failed, video_refused, video_reused"),
        (status = 423, description = "upload_locked"),
        (status = 429, description = "rate_limited: too many open uploads"),
        (status = 503, description = "storage_unavailable, body_cut"),
        (status = 507, description = "disk_pressure"),
    )
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_report() {}

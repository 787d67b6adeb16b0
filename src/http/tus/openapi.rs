//! The OpenAPI operations of tus, written by hand because the router does not know the methods.

use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::http::answer::Answer;
use crate::http::error_code::ErrorCode;
use crate::model::{RefKey, Refusal, SubmissionId, VideoId};

#[derive(OpenApi)]
#[openapi(paths(
    uploads_options,
    create_upload,
    upload_options,
    upload_offset,
    append_to_upload,
    upload_status,
    terminate_upload
))]
pub(super) struct Operations;

#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the header")]
enum Version {
    #[serde(rename = "1.0.0")]
    One,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes the header")]
struct ProtocolVersion {
    /// The version of the protocol: 1.0.0
    #[param(rename = "Tus-Resumable", inline, example = "1.0.0")]
    version: Version,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the path")]
struct UploadName {
    /// `{id}.{secret}`: the last segment of Location
    name: String,
}

#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only describes the body")]
struct Chunk(Vec<u8>);

/// The status of an upload.
#[derive(serde::Serialize, ToSchema)]
struct UploadStatusResponse {
    /// open, finishing, stored, refused, unwanted, terminated, expired or lost.
    #[schema(example = "open")]
    state: String,
    /// The number of acknowledged bytes.
    #[schema(example = 300_000)]
    offset: u64,
    #[schema(example = 759_548)]
    length: Option<u64>,
    /// Only while the upload is open or finishing.
    expires_at: Option<jiff::Timestamp>,
    ref_key: Option<RefKey>,
    submission_id: Option<SubmissionId>,
    video_id: Option<VideoId>,
    /// Why the inspection refused the video.
    refusal: Option<Refusal>,
}

/// Describe the tus server
///
/// tus 1.0 with the extensions creation, creation-with-upload, expiration, termination and checksum.
/// `X-HTTP-Method-Override` is supported here and for `/uploads/{name}`.
#[utoipa::path(
    options,
    path = "/uploads",
    tag = "upload",
    responses((status = 204, description = "The description, in headers", headers(
        ("Tus-Resumable" = String, description = "1.0.0"),
        ("Tus-Version" = String, description = "1.0.0"),
        ("Tus-Extension" = String, description = "The supported extensions, separated by commas"),
        ("Tus-Max-Size" = u64, description = "The length of the longest video, in bytes"),
        ("Tus-Checksum-Algorithm" = String, description = "The algorithms for Upload-Checksum"),
        ("Allow" = String, description = "The methods of this URL"),
    )))
)]
#[expect(dead_code, reason = "only describes the route")]
fn uploads_options() {}

/// Create an upload
///
/// `Location` contains a secret that authorizes the requests for the upload. A body becomes the first
/// part of the video.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "upload",
    security(("access_token" = [])),
    params(
        ProtocolVersion,
        ("Upload-Length" = u64, Header, description = "Length of the video in bytes", minimum = 1, example = 759_548),
        ("Upload-Metadata" = String, Header,
            description = "`key base64(value)`, separated by commas: `ref_key`, `time_sent`, `lat`, `long`; optional are `recorded_at`, `filename`, `filetype`, `sha256`. `recorded_at` is used where the file does not state when it was recorded, and is written like `time_sent`, which without a zone is in the time zone of the service (`leasing.time_zone`, Asia/Almaty by default). A `filetype` other than `video/mp4` is refused where it names another kind of file. A key that is missing here is taken from the query",
            example = "ref_key NjQ2YmE3MTMtZDFkNy0xMWVjLTk0MDUtMDA1MDU2YWFhNGFl,time_sent MjAyNi0wNS0xMyAxMDowMDowMA==,lat NDMuMjM4OTQ5,long NzYuODg5NzA5"),
        ("Upload-Checksum" = Option<String>, Header, description = "Algorithm, space, checksum of the body in base64"),
    ),
    request_body(content = inline(Option<Chunk>), content_type = "application/offset+octet-stream",
        description = "The first part of the video. Optional"),
    responses(
        (status = 201, description = "Created", headers(
            ("Location" = String, description = "The URL of the upload"),
            ("Upload-Offset" = u64, description = "Only after a body: the offset of the next byte"),
            ("Upload-Expires" = String, description = "When the upload expires if no more bytes arrive"),
            ("X-Report-Status" = u8, description = "2 when the video is stored and the report submitted"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A header or the metadata is malformed."],
        [403, [ErrorCode::Forbidden], "Reviewers cannot upload videos."],
        [404, [ErrorCode::NotFound], "There is no such report, or the caller may not see it."],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::UnsupportedEncoding, ErrorCode::NotMp4]],
        [422, [ErrorCode::ValidationFailed, ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [429, [ErrorCode::RateLimited], "The caller has too many open uploads, and all of them are receiving bytes."],
        [460, [ErrorCode::ChecksumMismatch]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::UploadLocked, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn create_upload() {}

/// Describe the tus server, at the URL of an upload
#[utoipa::path(
    options,
    path = "/uploads/{name}",
    tag = "upload",
    params(UploadName),
    responses((status = 204, description = "The same headers as for /uploads", headers(
        ("Tus-Version" = String, description = "1.0.0"),
        ("Allow" = String, description = "The methods of this URL"),
    )))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_options() {}

/// Get the offset of an upload
///
/// A temporary failure is answered with 423, so that no client starts again while its upload may still
/// be alive.
#[utoipa::path(
    head,
    path = "/uploads/{name}",
    tag = "upload",
    params(UploadName, ProtocolVersion),
    responses(
        (status = 200, description = "The upload is open or stored", headers(
            ("Upload-Offset" = u64, description = "The offset of the next byte"),
            ("Upload-Length" = u64, description = "The length of the video"),
            ("Upload-Metadata" = String, description = "As given at the creation"),
            ("Upload-Expires" = String, description = "When the upload expires if no more bytes arrive"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
    ),
    extensions(("x-errors" = json!([
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [423, [ErrorCode::UploadLocked, ErrorCode::StorageUnavailable], "Retry in a moment."],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_offset() {}

/// Append to an upload
///
/// What arrives is kept, however the request ends. After the last byte the video is judged, stored and
/// submitted, and the response has `X-Report-Status: 2`.
#[utoipa::path(
    patch,
    path = "/uploads/{name}",
    tag = "upload",
    params(
        UploadName,
        ProtocolVersion,
        ("Upload-Offset" = u64, Header, description = "The offset of the body", example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "Algorithm, space, checksum of the body in base64"),
    ),
    request_body(content = inline(Chunk), content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "The bytes are stored", headers(
            ("Upload-Offset" = u64, description = "The offset of the next byte"),
            ("Upload-Expires" = String, description = "When the upload expires if no more bytes arrive"),
            ("X-Report-Status" = u8, description = "2 when the video is stored and the report submitted"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
        (status = 409, headers(
            ("Upload-Offset" = u64, description = "The offset of the next byte"),
        )),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A header is malformed."],
        [409, [ErrorCode::OffsetMismatch]],
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::UnsupportedEncoding, ErrorCode::NotMp4]],
        [422, [ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [460, [ErrorCode::ChecksumMismatch]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::UploadLocked, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn append_to_upload() {}

/// Get the status of an upload as JSON
///
/// For an app that was restarted. Not part of tus; only the owner may read it.
#[utoipa::path(
    get,
    path = "/uploads/{name}",
    tag = "upload",
    security(("access_token" = [])),
    params(UploadName),
    responses((status = 200, description = "The status", body = Answer<UploadStatusResponse>))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_status() {}

/// End an upload
///
/// Only the owner may end it.
#[utoipa::path(
    delete,
    path = "/uploads/{name}",
    tag = "upload",
    security(("access_token" = [])),
    params(UploadName, ProtocolVersion),
    responses((status = 204, description = "The upload has ended")),
    extensions(("x-errors" = json!([
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [422, [ErrorCode::ReportAlreadySubmitted], "A stored video cannot be withdrawn."],
        [423, [ErrorCode::UploadLocked]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn terminate_upload() {}

//! What the tus door says of itself in the OpenAPI document. The router is not asked: the method of
//! a request here may stand in a header (T-9).

use utoipa::{OpenApi, ToSchema};

use crate::model::{RefKey, Refusal, SubmissionId, VideoId};

use crate::http::Answer;
use crate::http::error_code::ErrorCode;

/// The operations of this door.
#[derive(OpenApi)]
#[openapi(paths(
    uploads_options,
    create_upload,
    upload_options,
    upload_offset,
    append_to_upload,
    upload_state,
    end_upload
))]
pub(super) struct Door;

/// The version of the protocol.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the header")]
enum Version {
    /// The only one.
    #[serde(rename = "1.0.0")]
    One,
}

/// The media type of a piece is nobody else's.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only describes the body")]
struct Piece(Vec<u8>);

/// How far an upload is.
#[derive(serde::Serialize, ToSchema)]
struct UploadTold {
    /// open, finishing, stored, refused, unwanted, terminated, expired or lost.
    #[schema(example = "open")]
    state: String,
    /// Acknowledged bytes.
    #[schema(example = 300_000)]
    offset: u64,
    #[schema(example = 759_548)]
    length: Option<u64>,
    /// While it is alive.
    expires_at: Option<jiff::Timestamp>,
    ref_key: Option<RefKey>,
    submission_id: Option<SubmissionId>,
    video_id: Option<VideoId>,
    /// Why the inspection refused the video.
    refusal: Option<Refusal>,
}

/// What this door can do
///
/// tus 1.0 with the extensions creation, creation-with-upload, expiration, termination, checksum.
/// `X-HTTP-Method-Override` is honoured here and under `/uploads/{name}`.
#[utoipa::path(
    options,
    path = "/uploads",
    tag = "upload",
    responses((status = 204, description = "Said in headers", headers(
        ("Tus-Resumable" = String, description = "1.0.0"),
        ("Tus-Version" = String, description = "1.0.0"),
        ("Tus-Extension" = String, description = "What is built in, with commas"),
        ("Tus-Max-Size" = u64, description = "The longest video, in bytes"),
        ("Tus-Checksum-Algorithm" = String, description = "What Upload-Checksum may name"),
        ("Allow" = String, description = "The methods of this address"),
    )))
)]
#[expect(dead_code, reason = "only describes the route")]
fn uploads_options() {}

/// An upload begins
///
/// The answer's `Location` holds a secret: whoever has it may go on with the upload. A body makes
/// the first piece.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "upload",
    security(("access_token" = [])),
    params(
        ("Tus-Resumable" = inline(Version), Header, description = "1.0.0", example = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Length of the video in bytes", minimum = 1, example = 759_548),
        ("Upload-Metadata" = String, Header,
            description = "`key base64(value)`, with commas: `ref_key`, `time_sent`, `lat`, `long`; `filename`, `filetype`, `sha256` may be there too. What is not here may stand in the query",
            example = "ref_key NjQ2YmE3MTMtZDFkNy0xMWVjLTk0MDUtMDA1MDU2YWFhNGFl,time_sent MjAyNi0wNS0xMyAxMDowMDowMA==,lat NDMuMjM4OTQ5,long NzYuODg5NzA5"),
        ("Upload-Checksum" = Option<String>, Header, description = "Algorithm, blank, base64 of the body's hash"),
    ),
    request_body(content = inline(Option<Piece>), content_type = "application/offset+octet-stream",
        description = "Nothing, or the first piece"),
    responses(
        (status = 201, description = "Created", headers(
            ("Location" = String, description = "The upload"),
            ("Upload-Offset" = u64, description = "With a body: how far it is"),
            ("Upload-Expires" = String, description = "When it ends if nothing comes"),
            ("X-Report-Status" = u8, description = "2 when the video is stored and the report submitted"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A header or the metadata cannot be read"],
        [403, [ErrorCode::Forbidden], "A reviewer sends no videos"],
        [404, [ErrorCode::NotFound], "No such report, or not yours to film"],
        [412, [ErrorCode::ValidationFailed], "Another version of tus"],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::NotMp4]],
        [422, [ErrorCode::ValidationFailed, ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [429, [ErrorCode::RateLimited], "Too many open uploads"],
        [460, [ErrorCode::ChecksumMismatch]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::UploadLocked, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn create_upload() {}

/// What this door can do, asked at an upload
#[utoipa::path(
    options,
    path = "/uploads/{name}",
    tag = "upload",
    params(("name" = String, Path, description = "`{id}.{secret}`: the last part of Location")),
    responses((status = 204, description = "Said in headers, as for /uploads", headers(
        ("Tus-Version" = String, description = "1.0.0"),
        ("Allow" = String, description = "The methods of this address"),
    )))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_options() {}

/// Where the next byte goes
///
/// Never tells a phone to start again while its upload may still live: what passes is 423.
#[utoipa::path(
    head,
    path = "/uploads/{name}",
    tag = "upload",
    params(
        ("name" = String, Path, description = "`{id}.{secret}`: the last part of Location"),
        ("Tus-Resumable" = inline(Version), Header, description = "1.0.0", example = "1.0.0"),
    ),
    responses(
        (status = 200, description = "It is alive", headers(
            ("Upload-Offset" = u64, description = "Where the next byte goes"),
            ("Upload-Length" = u64, description = "How long it is"),
            ("Upload-Metadata" = String, description = "As it was given"),
            ("Upload-Expires" = String, description = "When it ends if nothing comes"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
    ),
    extensions(("x-errors" = json!([
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [412, [ErrorCode::ValidationFailed], "Another version of tus"],
        [423, [ErrorCode::UploadLocked, ErrorCode::StorageUnavailable], "Ask again"],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_offset() {}

/// A piece
///
/// What arrived is kept, however the request ends. With the last byte the video is judged, stored
/// and submitted: `X-Report-Status: 2`.
#[utoipa::path(
    patch,
    path = "/uploads/{name}",
    tag = "upload",
    params(
        ("name" = String, Path, description = "`{id}.{secret}`: the last part of Location"),
        ("Tus-Resumable" = inline(Version), Header, description = "1.0.0", example = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins", example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "Algorithm, blank, base64 of the piece's hash"),
    ),
    request_body(content = inline(Piece), content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Kept", headers(
            ("Upload-Offset" = u64, description = "Where the next byte goes"),
            ("Upload-Expires" = String, description = "When it ends if nothing comes"),
            ("X-Report-Status" = u8, description = "2 when the video is stored and the report submitted"),
            ("Tus-Resumable" = String, description = "1.0.0"),
        )),
        (status = 409, headers(
            ("Upload-Offset" = u64, description = "Where the next byte goes"),
        )),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A header cannot be read"],
        [409, [ErrorCode::OffsetMismatch]],
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [412, [ErrorCode::ValidationFailed], "Another version of tus"],
        [413, [ErrorCode::FileTooLarge]],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::NotMp4]],
        [422, [ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed, ErrorCode::VideoRefused, ErrorCode::VideoReused]],
        [423, [ErrorCode::UploadLocked]],
        [460, [ErrorCode::ChecksumMismatch]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::UploadLocked, ErrorCode::BodyCut]],
        [507, [ErrorCode::DiskPressure]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn append_to_upload() {}

/// How far an upload is, as JSON
///
/// For an app that was killed in between. No part of tus; only for the owner.
#[utoipa::path(
    get,
    path = "/uploads/{name}",
    tag = "upload",
    security(("access_token" = [])),
    params(("name" = String, Path, description = "`{id}.{secret}`: the last part of Location")),
    responses((status = 200, description = "Its state", body = Answer<UploadTold>))
)]
#[expect(dead_code, reason = "only describes the route")]
fn upload_state() {}

/// The end of an upload, by its owner
#[utoipa::path(
    delete,
    path = "/uploads/{name}",
    tag = "upload",
    security(("access_token" = [])),
    params(
        ("name" = String, Path, description = "`{id}.{secret}`: the last part of Location"),
        ("Tus-Resumable" = inline(Version), Header, description = "1.0.0", example = "1.0.0"),
    ),
    responses(
        (status = 204, description = "Ended"),
    ),
    extensions(("x-errors" = json!([
        [410, [ErrorCode::UploadEnded, ErrorCode::NotMp4, ErrorCode::VideoRefused]],
        [412, [ErrorCode::ValidationFailed], "Another version of tus"],
        [422, [ErrorCode::ReportAlreadySubmitted], "The video is stored for good"],
        [423, [ErrorCode::UploadLocked]],
    ])))
)]
#[expect(dead_code, reason = "only describes the route")]
fn end_upload() {}

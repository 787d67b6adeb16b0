//! `POST /uploads/preflight`: the verdict on a video before its bytes are sent.
//!
//! The form contains a few fields, the first bytes of the video and its `moov`. A video that would be
//! refused costs the driver at most a megabyte. Nothing is written, and the upload is judged again.

mod form;
mod response;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::RefKey;
use crate::model::texts::Language;
use crate::upload::Preflight;

use super::answer::{Answer, success};
use super::body::BodyError;
use super::declared_type::check_declared_type;
use super::error_code::ErrorCode;
use super::message::requested_language;
use super::problem::{Problem, add_language};
use super::state::AppState;

use form::{PreflightForm, VideoParts};
use response::PreflightResponse;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(preflight))
}

/// A video before it is sent. The parts may come in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the body")]
struct PreflightRequest {
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
    /// Length of the video in bytes.
    #[schema(minimum = 1, example = 759_548)]
    length: u64,
    /// The media type of the video, as the picker declares it.
    #[schema(example = "video/mp4")]
    filetype: Option<String>,
    /// SHA-256 of the whole video. Without it an earlier use of the same file is not found.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
    /// The position of `moov` in the video, or of the first box in the part `moov`. Required with
    /// `moov`.
    #[schema(minimum = 0)]
    moov_at: Option<u64>,
    /// The first bytes of the video, at most 64 KiB.
    #[schema(value_type = String, format = Binary)]
    head: Vec<u8>,
    /// The box `moov` with its header, if it is not in the first bytes: phones write it last. It is
    /// found by walking the top-level boxes. Small boxes before it may be included; boxes that are left
    /// out are assumed to be correct.
    #[schema(value_type = Option<String>, format = Binary)]
    moov: Option<Vec<u8>>,
}

/// Judge a video before it is sent
///
/// The response contains everything that the upload would be refused for. A video that is accepted here
/// may still be refused for bytes that were not in the request. Writes nothing. Optional.
#[utoipa::path(
    post,
    path = "/uploads/preflight",
    tag = "upload",
    security(("access_token" = [])),
    request_body(content = PreflightRequest, content_type = "multipart/form-data"),
    responses((status = 200, description = "The verdict", body = Answer<PreflightResponse>)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The form is malformed."],
        [403, [ErrorCode::Forbidden], "Reviewers cannot upload videos."],
        [404, [ErrorCode::NotFound], "There is no such report, or the caller may not see it."],
        [408, [ErrorCode::BodyTooSlow]],
        [422, [ErrorCode::ValidationFailed], "The length, head or moov is missing or invalid."],
        [429, [ErrorCode::RateLimited]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn preflight(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let language = requested_language(request.headers());
    match judge(&state, request, language).await {
        Ok(response) => {
            let mut response = success(StatusCode::OK, "success", &response);
            add_language(response.headers_mut(), language);
            response
        }
        // The rest of the form will not be read.
        Err(problem) => problem.closing().into_response(),
    }
}

async fn judge(
    state: &AppState,
    request: Request,
    language: Language,
) -> Result<PreflightResponse, Problem> {
    let (head, body) = request.into_parts();
    let caller = state.sender(&head.headers).await?;
    let (person, position) = (caller.person, state.position_policy(&caller));
    let permit = state.uploads.preflights().admit(&person)?;
    let reading = PreflightForm::read(state, &head, body);
    let form = timeout(state.limits.preflight_within.unsigned_abs(), reading).await;
    let mut form = form.unwrap_or_else(|_| Err(BodyError::TooSlow.into()))?;
    let VideoParts { length, head, moov } = form.video_parts()?;
    let wrong_type = check_declared_type(state, form.fields.get("filetype")).err();
    let invalid_fields = form.fields.details(&state.zone, position).err();
    let (ref_key, sha256) = (form.fields.ref_key(), form.fields.sha256());
    let preflight = Preflight { person, ref_key, length, sha256, head, moov };
    let preflighted = state.uploads.preflights().run(preflight, permit).await?;
    let declared = wrong_type.into_iter().chain(invalid_fields);
    Ok(PreflightResponse::new(preflighted, declared, language))
}

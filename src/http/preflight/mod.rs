//! `POST /uploads/preflight`: a video is judged before its bytes are paid for (`features.md` D2).
//!
//! A form of a few fields, the first bytes of the video and its `moov`, raw: what would be refused
//! costs the driver a megabyte at most. Nothing is written; the upload is judged anew.

mod brought;
mod told;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::RefKey;
use crate::upload::Preflight;

use super::body::BodyError;
use super::problem::Problem;
use super::{Answer, AppState, success};
use crate::http::error_code::ErrorCode;

use brought::Brought;
use told::{Told, told};

/// The routes of preflights.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(preflight))
}

/// What is known of a video before it is sent; parts in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the body")]
struct PreflightForm {
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
    /// Length of the video in bytes.
    #[schema(minimum = 1, example = 759_548)]
    length: u64,
    /// Of the whole video. Without it nobody can say whether the same file was sent before.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
    /// Where `moov` begins in the video, if it comes along; or the first box after those of `head`, if
    /// what comes along begins there.
    #[schema(minimum = 0)]
    moov_at: Option<u64>,
    /// The first bytes of the video, at most 64 KiB.
    #[schema(value_type = String, format = Binary)]
    head: Vec<u8>,
    /// The box `moov`, with its header, when it does not lie in the first bytes: phones write it last.
    /// It is found by walking from one top-level box to the next. Small boxes between may come before
    /// it: of those that do not, it is assumed that nothing is wrong with them.
    #[schema(value_type = Option<String>, format = Binary)]
    moov: Option<Vec<u8>>,
}

/// A video is judged before it is sent
///
/// Tells everything it would be refused for, at once; what is accepted here may still be refused for
/// bytes that have not been seen. Writes nothing, and may be left out.
#[utoipa::path(
    post,
    path = "/uploads/preflight",
    tag = "upload",
    security(("access_token" = [])),
    request_body(content = PreflightForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The verdict", body = Answer<Told>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The form cannot be read"],
        [403, [ErrorCode::Forbidden], "A reviewer sends no videos"],
        [404, [ErrorCode::NotFound], "No such report, or not yours to film"],
        [408, [ErrorCode::BodyTooSlow]],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed], "Length, head or moov"],
        [429, [ErrorCode::RateLimited]],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn preflight(State(state): State<Arc<AppState>>, request: Request) -> Response {
    match judged(&state, request).await {
        Ok(told) => success(StatusCode::OK, "success", &told),
        // Whatever is left of the form will not be read.
        Err(problem) => problem.closing().into_response(),
    }
}

async fn judged(state: &AppState, request: Request) -> Result<Told, Problem> {
    let (asking, body) = request.into_parts();
    let person = state.caller(&asking.headers).await?;
    let place = state.uploads.admit_preflight(&person)?;
    let reading = Brought::read(state, &asking, body);
    let brought = timeout(state.limits.preflight_within.unsigned_abs(), reading).await;
    let brought = brought.unwrap_or_else(|_| Err(BodyError::TooSlow.into()))?;
    let fields = brought.named.details(&state.zone).err();
    let asked = Preflight {
        person,
        ref_key: brought.named.ref_key(),
        length: brought.length,
        sha256: brought.named.sha256(),
        head: brought.head,
        moov: brought.moov,
    };
    Ok(told(state.uploads.preflight(asked, place).await?, fields))
}

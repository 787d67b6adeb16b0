//! Submissions out: a queue with a cursor, and the videos.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::{self, Problem};
use crate::http::video_response::VideoResponse;
use crate::http::view::absolute;
use crate::model::SubmissionId;
use crate::onec::{Page, QueueError, Submission, USUAL_PAGE};
use crate::playback::StoredVideo;

use super::{OnecAccount, plain};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(acknowledge))
        .routes(routes!(submission))
        .routes(routes!(file))
        .routes(routes!(link))
}

/// Where to begin, and how many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asking {
    /// The cursor of the last answer; left out: after what this account has acknowledged
    #[param(minimum = 0, example = 0)]
    after: Option<u64>,
    /// Most submissions to answer with
    #[param(minimum = 1, example = 100)]
    limit: Option<u32>,
}

/// Submissions in the order they came, each at least once
#[utoipa::path(
    get,
    path = "/1c/v1/submissions",
    tag = "1c",
    security(("exchange" = [])),
    params(Asking),
    responses(
        (status = 200, description = "The next ones; none: there is nothing new", body = Page),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A parameter is no number"],
        [422, [ErrorCode::ValidationFailed], "A cursor beyond the last one, a limit of 0"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn page(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    asking: Result<Query<Asking>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asking { after, limit }) = asking.map_err(|wrong| unreadable(&wrong))?;
    if limit == Some(0) {
        return Err(Problem::fields(&[("limit", "has to be at least 1".to_owned())]));
    }
    // Beyond every cursor, and so refused as one.
    let after = after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let limit = limit.unwrap_or(USUAL_PAGE);
    let page = state.queue.page(&account.login, after, limit).await;
    Ok(plain(&page.map_err(|error| refused(error, "after"))?))
}

/// How far 1C has come.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"cursor": 17}))]
#[expect(dead_code, reason = "documents what is read tolerantly")]
struct Acknowledgement {
    /// The cursor of an answer whose submissions are all safe in 1C.
    cursor: u64,
}

/// How far this account has come.
#[derive(Serialize, ToSchema)]
struct Acknowledged {
    /// Never lower than before.
    #[schema(example = 17)]
    cursor: i64,
}

/// Takes submissions out of the queue: everything up to the cursor is safe in 1C
#[utoipa::path(
    post,
    path = "/1c/v1/submissions/ack",
    tag = "1c",
    security(("exchange" = [])),
    request_body(content = Acknowledgement, description = "A byte order mark is fine"),
    responses(
        (status = 200, description = "How far this account has come", body = Acknowledged),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "No JSON"],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed], "No cursor, or one beyond the last"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn acknowledge(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let cursor = cursor(&Fields::read(&state, &head.headers, body).await?)?;
    let come = state.queue.acknowledge(&account.login, cursor).await;
    let cursor = come.map_err(|error| refused(error, "cursor"))?;
    Ok(plain(&Acknowledged { cursor }))
}

/// `{"cursor": 17}`; 1C may write the number as a text, and a byte order mark before.
fn cursor(fields: &Fields) -> Result<i64, Problem> {
    let cursor = fields.get("cursor").and_then(|text| text.parse().ok());
    let wrong = || Problem::fields(&[("cursor", "has to be a whole number".to_owned())]);
    cursor.filter(|cursor| *cursor >= 0).ok_or_else(wrong)
}

/// One submission
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses(
        (status = 200, description = "The submission", body = Submission),
    ),
    extensions(("x-errors" = json!([
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn submission(
    State(state): State<Arc<AppState>>,
    _account: OnecAccount,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let found = state.queue.submission(named(id)?).await;
    let found = found.map_err(|error| refused(error, "id"))?.ok_or_else(nothing)?;
    Ok(plain(&found))
}

/// How the video is wanted. Not in the OpenAPI document: no generated client can say "bytes, or
/// JSON"; there a link has an address of its own.
#[derive(Deserialize)]
struct Wanted {
    mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Bytes,
    Url,
}

/// Opens the video for everybody who has it, until it expires.
#[derive(Serialize, ToSchema)]
struct HandedLink {
    url: String,
    expires_at: Timestamp,
}

/// A link that plays the video of a submission, for who cannot send credentials
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}/link",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses(
        (status = 200, description = "The link", body = HandedLink),
    ),
    extensions(("x-errors" = json!([
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn link(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let held = held(&state, id).await?;
    hand_link(&state, &held, &actor(&account)).await
}

/// The bytes of a submission's video, by range if wanted; with `?mode=url` a link instead
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}/file",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses(
        (status = 200, description = "The whole video", content_type = "video/mp4"),
        (status = 206, description = "A range of it", content_type = "video/mp4"),
        (status = 304, description = "The same as If-None-Match says"),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "No such mode"],
        [416, [ErrorCode::ValidationFailed], "No such range"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn file(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    method: Method,
    id: Result<Path<String>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(wanted) = wanted.map_err(|wrong| unreadable(&wrong))?;
    let held = held(&state, id).await?;
    let actor = actor(&account);
    match wanted.mode {
        Some(Mode::Url) => hand_link(&state, &held, &actor).await,
        Some(Mode::Bytes) | None => bytes(&state, &held, &actor, &method, &headers).await,
    }
}

async fn held(
    state: &AppState,
    id: Result<Path<String>, PathRejection>,
) -> Result<StoredVideo, Problem> {
    state.playback.submitted_video(named(id)?).await?.ok_or_else(nothing)
}

/// Who took a video over, for its custody.
fn actor(account: &OnecAccount) -> String {
    format!("exchange:{}", account.login)
}

async fn hand_link(state: &AppState, held: &StoredVideo, actor: &str) -> Result<Response, Problem> {
    let link = state.playback.create_link(held, actor).await?;
    let url = absolute(state, &link.url);
    Ok(plain(&HandedLink { url, expires_at: link.expires_at }))
}

async fn bytes(
    state: &AppState,
    held: &StoredVideo,
    actor: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let response = VideoResponse::new(method, headers, &held.headers)?;
    let body = match response.range.clone() {
        Some(range) => Body::from_stream(state.playback.read(held, range, actor).await?),
        None => Body::empty(),
    };
    Ok(response.with_body(body))
}

fn named(id: Result<Path<String>, PathRejection>) -> Result<SubmissionId, Problem> {
    id.ok().and_then(|Path(text)| text.parse().ok()).ok_or_else(nothing)
}

fn nothing() -> Problem {
    Problem::not_found("there is no such submission")
}

fn unreadable(wrong: &QueryRejection) -> Problem {
    Problem::unreadable(wrong.body_text())
}

fn refused(error: QueueError, field: &'static str) -> Problem {
    let message = error.to_string();
    match error {
        QueueError::Beyond { .. } => Problem::fields(&[(field, message)]),
        QueueError::Database(cause) if cause.is_transient() => problem::unavailable(&cause),
        QueueError::Database(cause) => {
            tracing::error!(error = %cause, "the queue could not be read");
            problem::internal()
        }
    }
}

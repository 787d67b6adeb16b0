//! Submissions for 1C: a queue with a cursor, and the videos.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::base_url::BaseUrl;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::path_param::PathParam;
use crate::http::playback::{absolute, custody_of};
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::video_response::VideoResponse;
use crate::model::SubmissionId;
use crate::onec::{DEFAULT_PAGE, Page, Submission};
use crate::playback::{Reader, StoredVideo};

use super::OnecAccount;
use super::response::json_response;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list_submissions))
        .routes(routes!(acknowledge_submissions))
        .routes(routes!(submission))
        .routes(routes!(submission_file))
        .routes(routes!(submission_link))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// The cursor of the previous response; without it, the page after the acknowledged submissions
    #[param(minimum = 0, example = 0)]
    #[serde(default, deserialize_with = "query::number")]
    after: Option<u64>,
    /// The largest number of submissions
    #[param(minimum = 1, example = 100)]
    #[serde(default, deserialize_with = "query::number")]
    limit: Option<u32>,
}

/// Lists submissions in the order of arrival, each at least once
#[utoipa::path(
    get,
    path = "/1c/v1/submissions",
    tag = "1c",
    security(("exchange" = [])),
    params(PageQuery),
    responses((status = 200, description = "The next submissions; empty if there is nothing new", body = Page)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A parameter is not a number"],
        [422, [ErrorCode::ValidationFailed], "The cursor is beyond the last submission, or the limit is 0"],
    ])))
)]
async fn list_submissions(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(PageQuery { after, limit }) = query?;
    if limit == Some(0) {
        return Err(Problem::field("limit", "must be at least 1"));
    }
    // A number that is too large is refused like every cursor beyond the end.
    let after = after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    state.sequencer.prepare_page().await;
    let page = state.queue.page(&account.login, after, limit.unwrap_or(DEFAULT_PAGE)).await?;
    Ok(json_response(&page))
}

#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"cursor": 17}))]
#[expect(dead_code, reason = "describes the body; numbers may be strings")]
struct Acknowledgement {
    /// The cursor of a page whose submissions 1C has stored.
    cursor: u64,
}

#[derive(Serialize, ToSchema)]
struct Acknowledged {
    /// The highest cursor that this account has acknowledged.
    #[schema(example = 17)]
    cursor: i64,
}

/// Acknowledges that 1C has stored all submissions up to a cursor
#[utoipa::path(
    post,
    path = "/1c/v1/submissions/ack",
    tag = "1c",
    security(("exchange" = [])),
    request_body(content = Acknowledgement, description = "May begin with a byte order mark"),
    responses((status = 200, description = "The cursor of this account", body = Acknowledged)),
    extensions(("x-errors" = json!([
        [422, [ErrorCode::ValidationFailed], "The cursor is missing, or beyond the last submission"],
    ])))
)]
async fn acknowledge_submissions(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields = Fields::read(&state, &head.headers, body, &["cursor"]).await?;
    let cursor = fields.get("cursor").and_then(|text| text.parse().ok());
    let invalid = || Problem::field("cursor", "must be a whole number");
    let cursor = cursor.filter(|cursor| *cursor >= 0).ok_or_else(invalid)?;
    let cursor = state.queue.acknowledge(&account.login, cursor).await?;
    Ok(json_response(&Acknowledged { cursor }))
}

/// Gets one submission
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses((status = 200, description = "The submission", body = Submission)),
)]
async fn submission(
    State(state): State<Arc<AppState>>,
    _account: OnecAccount,
    PathParam(id): PathParam<SubmissionId>,
) -> Result<Response, Problem> {
    let submission = state.queue.submission(id.ok_or_else(submission_not_found)?).await?;
    Ok(json_response(&submission.ok_or_else(submission_not_found)?))
}

/// `?mode=url` is not in the OpenAPI document, because a generated client cannot express "bytes or
/// JSON"; the link has a path of its own there.
#[derive(Deserialize)]
struct FileQuery {
    #[serde(default, deserialize_with = "query::word")]
    mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Bytes,
    Url,
}

/// Anyone who has the link can play the video until it expires.
#[derive(Serialize, ToSchema)]
struct VideoLink {
    url: String,
    expires_at: Timestamp,
}

/// Creates a link that plays the video of a submission without credentials
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}/link",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses((status = 200, description = "The link", body = VideoLink)),
)]
async fn submission_link(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    method: Method,
    PathParam(id): PathParam<SubmissionId>,
    base: BaseUrl,
) -> Result<Response, Problem> {
    let video = video(&state, id).await?;
    create_link(&state, &base, &video, &account, &method).await
}

/// Gets the bytes of a submission's video or a range of them; with `?mode=url` a link instead
#[utoipa::path(
    get,
    path = "/1c/v1/submissions/{id}/file",
    tag = "1c",
    security(("exchange" = [])),
    params(("id" = Uuid, Path, description = "`submission_id`")),
    responses(
        (status = 200, description = "The whole video", content_type = "video/mp4"),
        (status = 206, description = "A range of the video", content_type = "video/mp4"),
        (status = 304, description = "The copy named by If-None-Match is current"),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "Unknown mode"],
        [412, [ErrorCode::ValidationFailed], "The video has another ETag than those in If-Match"],
        [416, [ErrorCode::ValidationFailed], "The range is outside the video"],
    ])))
)]
async fn submission_file(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    method: Method,
    PathParam(id): PathParam<SubmissionId>,
    query: Result<Query<FileQuery>, QueryRejection>,
    base: BaseUrl,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(FileQuery { mode }) = query?;
    let video = video(&state, id).await?;
    if let Some(Mode::Url) = mode {
        return create_link(&state, &base, &video, &account, &method).await;
    }
    let response = VideoResponse::new(&method, &headers, &video.headers)?;
    let body = match response.range.clone() {
        Some(range) => {
            let actor = account.actor();
            Body::from_stream(state.playback.read(&video, range, (Reader::Onec, &actor)).await?)
        }
        None => Body::empty(),
    };
    Ok(response.with_body(body))
}

async fn video(state: &AppState, id: Option<SubmissionId>) -> Result<StoredVideo, Problem> {
    let found = state.playback.submitted_video(id.ok_or_else(submission_not_found)?).await?;
    found.ok_or_else(submission_not_found)
}

async fn create_link(
    state: &AppState,
    base: &BaseUrl,
    video: &StoredVideo,
    account: &OnecAccount,
    method: &Method,
) -> Result<Response, Problem> {
    let link = state.playback.create_link(video, &account.actor(), custody_of(method)).await?;
    let url = absolute(base, &link.url);
    Ok(json_response(&VideoLink { url, expires_at: link.expires_at }))
}

fn submission_not_found() -> Problem {
    Problem::not_found("this submission does not exist")
}

//! Routes, extractors, doors, envelopes: everything that is only HTTP.
//!
//! Each door parses its dialect into what `upload` asks for and renders what comes back. What a
//! client reads when something is wrong is written in one place (`refusals`, `problem`).

mod accounts;
mod bearer;
mod body;
pub mod client;
mod config;
mod decide;
mod details;
mod error_code;
mod fields;
mod mobile;
mod multipart;
mod onec;
mod openapi;
mod ops;
mod pictures;
mod preflight;
mod problem;
mod range;
mod refusals;
mod request_id;
mod review;
pub mod server;
mod stored;
mod tus;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Serialize;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::leasing::{Accounts, Leasing, Lists, Pictures};
use crate::onec::{Inbox, Queue};
use crate::playback::Playback;
use crate::upload::UploadService;

pub use config::{Ops, RequestLimits};
pub use error_code::ErrorCode;
pub use ops::{Health, ops_router};

use client::Proxies;
use problem::Problem;

/// What the handlers are given.
pub struct AppState {
    /// The upload engine.
    pub uploads: UploadService,
    /// Stored videos.
    pub playback: Playback,
    /// Who may do what.
    pub leasing: Leasing,
    /// Who is believed when they say for whom they ask (S51).
    pub proxies: Proxies,
    /// Who sees what.
    pub lists: Lists,
    /// Accounts with a password.
    pub accounts: Accounts,
    /// Pictures of types of vehicles, and codes of vehicles.
    pub pictures: Pictures,
    /// Largest picture that is taken, in bytes.
    pub max_picture: usize,
    /// Submissions on their way to 1C.
    pub queue: Queue,
    /// What 1C sends.
    pub inbox: Inbox,
    /// Limits of what comes beside the video.
    pub limits: RequestLimits,
    /// The zone of times that come without one.
    pub zone: TimeZone,
    /// What `Location` is built from, without a slash at its end.
    pub public_url: String,
}

/// The public routes.
pub fn router(state: Arc<AppState>) -> Router {
    let around = ServiceBuilder::new()
        .layer(from_fn(known_request_id))
        .layer(SetRequestIdLayer::new(request_id::HEADER, request_id::Fresh))
        // What is ours to mend is logged where it is found; a cut, or a store that is away, is not.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .layer(PropagateRequestIdLayer::new(request_id::HEADER))
        .layer(from_fn(problem::render))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(harmless));
    let (routes, document) = routes().split_for_parts();
    let document = openapi::finished(&document, &state.public_url);
    Router::from(openapi::routes(&document))
        .merge(routes)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .with_state(state)
        .layer(around)
}

/// The OpenAPI document of the public routes, which are found at `public_url`.
#[must_use]
pub fn openapi(public_url: &str) -> serde_json::Value {
    openapi::finished(&routes().into_openapi(), public_url)
}

/// Every public route with what it says of itself.
fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(openapi::Frame::openapi())
        .merge(tus::routes())
        .merge(preflight::routes())
        .merge(multipart::routes())
        .merge(view::routes())
        .merge(mobile::routes())
        .merge(pictures::routes())
        .merge(review::routes())
        .merge(onec::routes())
        .merge(decide::routes())
}

/// The route is logged and not the path: that of an upload carries its secret, that of a video its
/// signature.
fn span(request: &Request) -> tracing::Span {
    let id = request_id::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("request", %id, method = %request.method(), route)
}

/// An id that came along is kept if it is fit for logs and answers; otherwise a fresh one is made.
async fn known_request_id(mut request: Request, next: Next) -> Response {
    if !request.headers().get(request_id::HEADER).is_some_and(request_id::is_acceptable) {
        request.headers_mut().remove(request_id::HEADER);
    }
    next.run(request).await
}

/// Nothing of ours is to be guessed at, or kept by anybody on the way (S53).
async fn harmless(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn no_such_route() -> Response {
    Problem::not_found("there is nothing here").into_response()
}

async fn no_such_method() -> Response {
    let message = "this address does not know that method; see Allow";
    Problem::new(ErrorCode::MethodNotAllowed, message).into_response()
}

/// A good answer in the document's envelope: `message` and `code` first, then what there is to say.
fn success(status: StatusCode, message: &str, more: &impl Serialize) -> Response {
    let data = Data { message: message.to_owned(), code: status.as_u16(), more };
    match serde_json::to_string(&Answer { status: "ok".to_owned(), data }) {
        Ok(body) => {
            let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
            (status, kind, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            problem::internal().into_response()
        }
    }
}

/// A good answer.
#[derive(Serialize, utoipa::ToSchema)]
struct Answer<T> {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: String,
    data: Data<T>,
}

/// What a good answer has inside.
#[derive(Serialize, utoipa::ToSchema)]
struct Data<T> {
    /// A sentence, as the document has it.
    #[schema(example = "success")]
    message: String,
    /// The HTTP status once more.
    #[schema(example = 200)]
    code: u16,
    #[serde(flatten)]
    more: T,
}

/// A moment as headers have it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

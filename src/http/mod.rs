//! Everything that is only HTTP: routes, extractors, protocols, envelopes.
//!
//! A handler parses a request into what the services below take, and renders what they return.
//! Errors become a `Problem`, whose `render` writes the envelope.

mod answer;
mod auth_errors;
mod base_url;
mod bearer;
mod body;
mod browser_session;
pub mod client;
mod config;
mod confirm;
mod cors;
mod decisions;
mod declared_type;
mod details;
mod error_code;
mod fields;
mod film_links;
mod header_params;
mod message;
mod mobile;
mod multipart;
mod onec;
mod openapi;
mod ops;
mod pages;
mod path_param;
mod pictures;
mod playback;
mod preflight;
mod problem;
mod query;
mod range;
mod request_id;
mod review;
pub mod server;
mod state;
mod tus;
mod upload_errors;
mod video_response;

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

pub use base_url::local_url;
pub use config::{DriveConfig, OpsConfig, PositionPolicy, RequestLimits};
pub use cors::{AllowedOrigin, OriginError};
pub use error_code::ErrorCode;
pub use ops::{Health, ops_router};
pub use state::AppState;

use answer::{Answer, success};
use body::refuse_encoded;
use problem::Problem;

/// The public routes.
pub fn router(state: Arc<AppState>) -> Router {
    let middleware = ServiceBuilder::new()
        .layer(from_fn(remove_unsafe_request_id))
        .layer(SetRequestIdLayer::new(request_id::HEADER, request_id::MakeRandomId))
        // Internal errors are logged where they occur; a 503 that passes by itself is no failure.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .layer(PropagateRequestIdLayer::new(request_id::HEADER))
        // Around the layers that render errors, so that a page of another origin can read those too.
        .layer(from_fn_with_state(Arc::clone(&state.allow_origins), cors::allow))
        .layer(from_fn(problem::render))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(add_default_headers));
    let (routes, document) = routes().split_for_parts();
    let document = openapi::finished(&document, state.public_url.as_deref());
    let routes = Router::from(openapi::routes(&document))
        .merge(routes)
        .merge(pages::routes().layer(from_fn(refuse_encoded)))
        .fallback(async || Problem::not_found("this path does not exist"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(state)
        .layer(middleware);
    // Outside the router, which matches the path before any of its layers runs.
    Router::new().fallback_service(routes.map_request(trim_slashes))
}

/// A base URL that ends in a slash leads to `//reports/upload`, and some clients end every path with a
/// slash.
fn trim_slashes(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = format!("/{}", path.trim_matches('/'));
    if trimmed == path || !path.starts_with('/') || path == openapi::PAGE_WITH_SLASH {
        return request;
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{trimmed}{query}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// The OpenAPI document of the public routes, whose base is `public_url`, or else its own address.
pub fn openapi(public_url: Option<&str>) -> serde_json::Value {
    openapi::finished(&routes().into_openapi(), public_url)
}

/// Every public route with its description.
fn routes() -> OpenApiRouter<Arc<AppState>> {
    let without_tus = OpenApiRouter::with_openapi(openapi::Frame::openapi())
        .merge(preflight::routes())
        .merge(multipart::routes())
        .merge(playback::routes())
        .merge(mobile::routes())
        .merge(confirm::routes())
        .merge(pictures::routes())
        .merge(review::routes())
        .merge(onec::routes())
        .merge(decisions::routes())
        .merge(film_links::routes())
        .layer(from_fn(refuse_encoded));
    without_tus.merge(tus::routes())
}

/// Logs the route and not the path, which may contain the secret of an upload or the signature of a
/// link.
fn span(request: &Request) -> tracing::Span {
    let id = request_id::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("request", %id, method = %request.method(), route)
}

/// Keeps the client's request id only if it is safe in logs and headers.
async fn remove_unsafe_request_id(mut request: Request, next: Next) -> Response {
    if !request.headers().get(request_id::HEADER).is_some_and(request_id::is_safe) {
        request.headers_mut().remove(request_id::HEADER);
    }
    next.run(request).await
}

/// No response may be sniffed, nor cached unless its handler says so.
async fn add_default_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

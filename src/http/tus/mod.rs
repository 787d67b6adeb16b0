//! tus 1.0 on `/uploads`: core, creation, creation-with-upload, expiration, termination, checksum.
//!
//! The method is matched here and not by the router, because `X-HTTP-Method-Override` may replace it.
//! No other route supports that header.

mod handlers;
mod headers;
mod openapi;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::model::UploadId;
use crate::model::texts::text;
use crate::upload::{Algorithm, Secret};

use super::body::refuse_encoded;
use super::error_code::ErrorCode;
use super::path_param::PathParam;
use super::problem::Problem;
use super::state::AppState;

/// Without spaces, because TUSKit does not trim the names. Checksums in trailers, deferred lengths and
/// concatenation are not supported.
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";

/// The methods of `/uploads`, and of one upload.
const COLLECTION_METHODS: &str = "OPTIONS, POST";
const UPLOAD_METHODS: &str = "OPTIONS, HEAD, PATCH, DELETE, GET";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    let collection = any(collection)
        .layer(from_fn(refuse_encoded))
        .layer(from_fn(|r, n| check_version(COLLECTION_METHODS, r, n)));
    let upload = any(upload)
        .layer(from_fn(refuse_encoded))
        .layer(from_fn(|r, n| check_version(UPLOAD_METHODS, r, n)));
    OpenApiRouter::with_openapi(openapi::Operations::openapi())
        .route("/uploads", collection)
        .route("/uploads/{name}", upload)
}

async fn collection(State(state): State<Arc<AppState>>, request: Request) -> Response {
    match effective_method(&request) {
        Method::OPTIONS => options(&state, COLLECTION_METHODS),
        Method::POST => handlers::create(&state, request).await.into_response(),
        _ => wrong_method(COLLECTION_METHODS),
    }
}

async fn upload(
    State(state): State<Arc<AppState>>,
    PathParam(name): PathParam<String>,
    request: Request,
) -> Response {
    let method = effective_method(&request);
    if method == Method::OPTIONS {
        return options(&state, UPLOAD_METHODS);
    }
    let Some(upload) = name.and_then(|name| parse_name(&name)) else {
        return Problem::not_found(text!("problem.upload_not_found")).into_response();
    };
    let headers = request.headers().clone();
    let response = match method {
        Method::PATCH => handlers::patch(&state, upload, request).await,
        Method::HEAD => handlers::head(&state, upload, &headers).await,
        Method::DELETE => handlers::delete(&state, upload, &headers).await,
        Method::GET => handlers::get(&state, upload, &headers).await,
        _ => return wrong_method(UPLOAD_METHODS),
    };
    response.into_response()
}

/// `{id}.{secret}`, the last segment of an upload's URL.
fn parse_name(name: &str) -> Option<(UploadId, Secret)> {
    let (id, secret) = name.split_once('.')?;
    Some((id.parse().ok()?, Secret(secret.to_owned())))
}

/// Adds the protocol version to every response, and rejects requests for another version. `GET` is not
/// part of the protocol, and a method that this URL does not support is rejected in any version.
async fn check_version(methods: &'static str, request: Request, next: Next) -> Response {
    let method = effective_method(&request);
    let is_supported = methods.split(", ").any(|supported| supported == method.as_str());
    let version = request.headers().get(headers::TUS_RESUMABLE);
    let has_version = version.is_some_and(|version| version == headers::VERSION);
    let needs_version = method != Method::OPTIONS && method != Method::GET;
    let has_body = matches!(method, Method::POST | Method::PATCH);
    let mut response = if !is_supported {
        wrong_method(methods)
    } else if needs_version && !has_version {
        wrong_version().into_response()
    } else if let Some(problem) = unsupported_extension(request.headers(), has_version) {
        problem.into_response()
    } else {
        next.run(request).await
    };
    let is_success = response.status().is_success();
    let fields = response.headers_mut();
    fields.insert(headers::TUS_RESUMABLE, HeaderValue::from_static(headers::VERSION));
    if has_body && !is_success {
        // The rest of the body will not be read.
        fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// 400 for a request of an extension that is not offered: ignoring its header would store a part of a video
/// as a whole one. Other clients send headers of the same names for other protocols.
fn unsupported_extension(request: &HeaderMap, has_version: bool) -> Option<Problem> {
    let trailer = request.get(header::TRAILER).and_then(|names| names.to_str().ok());
    let in_trailer = trailer
        .is_some_and(|names| names.split(',').any(|name| headers::UPLOAD_CHECKSUM == name.trim()));
    let unsupported = if in_trailer {
        "a checksum in a trailer"
    } else {
        headers::UNSUPPORTED.into_iter().find(|name| request.contains_key(*name))?
    };
    let message = format!("{unsupported} is not supported; Tus-Extension lists what is");
    has_version.then(|| Problem::unreadable(message))
}

/// 412: the request states no version of the protocol, or another one.
fn wrong_version() -> Problem {
    let message = "this server supports tus 1.0.0: send Tus-Resumable: 1.0.0";
    Problem::new(ErrorCode::ValidationFailed, message)
        .with_status(StatusCode::PRECONDITION_FAILED)
        .with_header(headers::TUS_VERSION, HeaderValue::from_static(headers::VERSION))
}

fn options(state: &AppState, methods: &'static str) -> Response {
    let algorithms: Vec<_> = Algorithm::ALL.into_iter().map(Algorithm::as_str).collect();
    let headers = [
        (header::ALLOW, methods.to_owned()),
        (headers::TUS_VERSION, headers::VERSION.to_owned()),
        (headers::TUS_EXTENSION, EXTENSIONS.to_owned()),
        (headers::TUS_MAX_SIZE, state.uploads.max_length().to_string()),
        (headers::TUS_CHECKSUM_ALGORITHM, algorithms.join(",")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The method in `X-HTTP-Method-Override`, if that header is there. An invalid one is mapped to a method
/// that no URL here supports.
fn effective_method(request: &Request) -> Method {
    let Some(method) = request.headers().get(headers::METHOD_OVERRIDE) else {
        return request.method().clone();
    };
    Method::from_bytes(method.as_bytes()).unwrap_or(Method::TRACE)
}

fn wrong_method(methods: &'static str) -> Response {
    Problem::method_not_allowed()
        .with_header(header::ALLOW, HeaderValue::from_static(methods))
        .into_response()
}

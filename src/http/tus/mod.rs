//! The tus 1.0 door on `/uploads`: core, creation, creation-with-upload, expiration, termination,
//! checksum.
//!
//! The method is looked at here and not by the router, because `X-HTTP-Method-Override` may say
//! another one (T-9); nowhere else is it honoured but where `decisions.md` says so.

mod create;
mod describe;
mod headers;
mod metadata;
mod resume;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::model::UploadId;
use crate::upload::{Algorithm, Secret};

use super::error_code::ErrorCode;
use super::problem::Problem;
use super::{AppState, upload_errors};

/// What is built in (T-6: no blanks, TUSKit does not trim). A piece in a trailer, deferred lengths
/// and concatenation are not.
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";

/// The methods of `/uploads`, and of one upload.
const OF_UPLOADS: &str = "OPTIONS, POST";
const OF_AN_UPLOAD: &str = "OPTIONS, HEAD, PATCH, DELETE, GET";

/// The routes of this door.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(describe::Door::openapi())
        .route("/uploads", any(uploads).layer(from_fn(|r, n| speak_tus(OF_UPLOADS, r, n))))
        .route("/uploads/{name}", any(upload).layer(from_fn(|r, n| speak_tus(OF_AN_UPLOAD, r, n))))
}

async fn uploads(State(state): State<Arc<AppState>>, request: Request) -> Response {
    match effective_method(&request) {
        Method::OPTIONS => options(&state, OF_UPLOADS),
        Method::POST => unwrap(create::create(&state, request).await),
        _ => wrong_method(OF_UPLOADS),
    }
}

async fn upload(
    State(state): State<Arc<AppState>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let method = effective_method(&request);
    if method == Method::OPTIONS {
        return options(&state, OF_AN_UPLOAD);
    }
    // A name that is not UTF-8 is none of ours either.
    let Some((id, secret)) = name.ok().and_then(|Path(name)| capability(&name)) else {
        return Problem::not_found("there is no such upload").into_response();
    };
    if method == Method::PATCH {
        return unwrap(resume::patch(&state, id, secret, request).await);
    }
    let (head, _) = request.into_parts();
    unwrap(match method {
        Method::HEAD => resume::head(&state, id, secret, &head.headers).await,
        Method::DELETE => resume::delete(&state, id, secret, &head.headers).await,
        Method::GET => resume::get(&state, id, secret, &head.headers).await,
        _ => return wrong_method(OF_AN_UPLOAD),
    })
}

/// `{id}.{secret}`, the last part of an upload's address.
fn capability(name: &str) -> Option<(UploadId, Secret)> {
    let (id, secret) = name.split_once('.')?;
    Some((id.parse().ok()?, Secret::presented(secret)))
}

/// T-1, T-3, T-4: every answer says which version it speaks, and a request that speaks another one
/// is not looked at. `GET` asks for our own JSON and is no part of the protocol; a method that this
/// address does not know is that, in whatever version (S52).
async fn speak_tus(allowed: &'static str, request: Request, next: Next) -> Response {
    let method = effective_method(&request);
    let is_known = allowed.split(", ").any(|known| known == method.as_str());
    let free = method == Method::OPTIONS || method == Method::GET;
    let version = request.headers().get(headers::TUS_RESUMABLE);
    let spoken = version.is_some_and(|version| version == headers::VERSION);
    let has_body = matches!(method, Method::POST | Method::PATCH);
    let mut response = if !is_known {
        wrong_method(allowed)
    } else if free || spoken {
        next.run(request).await
    } else {
        wrong_version().into_response()
    };
    let answer = response.headers_mut();
    answer.insert(headers::TUS_RESUMABLE, HeaderValue::from_static(headers::VERSION));
    if has_body && !response.status().is_success() {
        // Whatever is left of the body will not be read.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn wrong_version() -> Problem {
    let message = "this address speaks tus 1.0.0: send Tus-Resumable: 1.0.0";
    Problem::new(ErrorCode::ValidationFailed, message)
        .with_status(StatusCode::PRECONDITION_FAILED)
        .with_header(headers::TUS_VERSION, HeaderValue::from_static(headers::VERSION))
}

/// T-5, T-6, T-7, T-24, T-25.
fn options(state: &AppState, allowed: &'static str) -> Response {
    let algorithms: Vec<_> = Algorithm::ALL.into_iter().map(Algorithm::name).collect();
    let headers = [
        (header::ALLOW, allowed.to_owned()),
        (headers::TUS_VERSION, headers::VERSION.to_owned()),
        (headers::TUS_EXTENSION, EXTENSIONS.to_owned()),
        (headers::TUS_MAX_SIZE, state.uploads.max_length().to_string()),
        (headers::TUS_CHECKSUM_ALGORITHM, algorithms.join(",")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// T-9: the header is the method, the real one is ignored. What cannot be a method is one that this
/// address does not know.
fn effective_method(request: &Request) -> Method {
    let Some(named) = request.headers().get(headers::METHOD_OVERRIDE) else {
        return request.method().clone();
    };
    Method::from_bytes(named.as_bytes()).unwrap_or(Method::TRACE)
}

fn wrong_method(allowed: &'static str) -> Response {
    Problem::method_not_allowed()
        .with_header(header::ALLOW, HeaderValue::from_static(allowed))
        .into_response()
}

fn unwrap(answer: Result<Response, Problem>) -> Response {
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// When an upload ends, as T-52 wants it written.
fn expires(at: jiff::Timestamp) -> (axum::http::HeaderName, String) {
    (headers::UPLOAD_EXPIRES, super::http_date(at))
}

use upload_errors::UPLOAD_OFFSET;

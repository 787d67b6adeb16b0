//! CORS: pages of the origins in `http.allow_origins` may send videos.
//!
//! tower-http's layer cannot be used: it answers every `OPTIONS` request itself, but on `/uploads` tus clients
//! discover the extensions by that method. Only the routes that take a video are open to other origins. They read
//! `Authorization` and never a cookie, so credentials are not allowed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

/// How long a browser may cache a preflight response, in seconds. Chrome accepts no more.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

const METHODS: HeaderValue = HeaderValue::from_static("POST, HEAD, PATCH, DELETE, GET, OPTIONS");

/// Request headers that a page may send in addition to the CORS-safelisted ones.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, \
     Upload-Checksum, Upload-Concat, Upload-Defer-Length, X-HTTP-Method-Override, X-Request-Id, \
     X-Requested-With, Cache-Control",
);

/// Response headers that a page may read in addition to the CORS-safelisted ones.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Location, Allow, Retry-After, X-Request-Id, X-Report-Status, Tus-Resumable, Tus-Version, Tus-Extension, \
     Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Expires, \
     Upload-Concat",
);

/// An item of `http.allow_origins`, as a browser writes it: `https://app.example.kz`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedOrigin(HeaderValue);

/// A text that is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin: write https://app.example.kz, with a port if it has one, and without a path"
)]
pub struct OriginError(String);

impl TryFrom<String> for AllowedOrigin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        let parse = || {
            let url =
                Url::parse(&text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
            let origin = url.origin().ascii_serialization();
            // Refuses a path, a user and every other part that an origin does not have.
            let is_origin =
                url.as_str().strip_suffix('/') == Some(origin.as_str()) && !origin.contains('*');
            is_origin.then(|| HeaderValue::from_str(&origin).ok()).flatten()
        };
        parse().map(Self).ok_or(OriginError(text))
    }
}

/// Middleware: adds the headers that let a page of an allowed origin read the response, also of an error.
pub(super) async fn allow(
    State(origins): State<Arc<[AllowedOrigin]>>,
    request: Request,
    next: Next,
) -> Response {
    if origins.is_empty() || !takes_video(request.uri().path()) {
        return next.run(request).await;
    }
    let origin = allowed(&origins, request.headers());
    let is_preflight = origin.is_some()
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = next.run(request).await;
    if is_preflight && !response.status().is_success() {
        // The route has no OPTIONS of its own, and a browser takes any other status for a refusal.
        response = StatusCode::NO_CONTENT.into_response();
    }
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
    if is_preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    response
}

/// Whether a path belongs to tus, to the multipart form or to the preflight of a video.
fn takes_video(path: &str) -> bool {
    path == "/reports/upload" || path == "/uploads" || path.starts_with("/uploads/")
}

/// The origin of the request, if it is listed. It is compared as a whole, so a name that only begins or ends like
/// a listed one is not allowed.
fn allowed(origins: &[AllowedOrigin], headers: &HeaderMap) -> Option<HeaderValue> {
    let mut given = headers.get_all(header::ORIGIN).iter();
    let origin = given.next().filter(|_| given.next().is_none())?;
    origins.iter().any(|allowed| allowed.0 == *origin).then(|| origin.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<AllowedOrigin, OriginError> {
        text.to_owned().try_into()
    }

    #[test]
    fn an_origin_is_read_as_a_browser_writes_it() {
        for (text, expected) in [
            ("https://app.example.kz", "https://app.example.kz"),
            ("https://App.Example.KZ/", "https://app.example.kz"),
            ("https://app.example.kz:443", "https://app.example.kz"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(origin(text).unwrap().0, expected);
        }
    }

    #[test]
    fn a_text_that_is_not_an_origin_is_refused() {
        for text in [
            "*",
            "null",
            "",
            "app.example.kz",
            "https://app.example.kz/upload",
            "https://user@app.example.kz",
            "https://app.example.kz?x",
            "https://app.example.kz#x",
            "https://*.example.kz",
            "file:///",
            "ftp://example.kz",
        ] {
            assert_eq!(origin(text), Err(OriginError(text.to_owned())));
        }
    }

    #[test]
    fn only_a_listed_origin_is_allowed() {
        let origins = [origin("https://app.example.kz").unwrap()];
        let is_allowed = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ORIGIN, value.parse().unwrap());
            }
            allowed(&origins, &headers).is_some()
        };
        assert!(is_allowed(&["https://app.example.kz"]));
        for other in [
            "null",
            "http://app.example.kz",
            "https://app.example.kz:8443",
            "https://app.example.kz.evil.example",
            "https://evil.app.example.kz",
            "https://app.example.kz/",
        ] {
            assert!(!is_allowed(&[other]), "{other}");
        }
        assert!(!is_allowed(&["https://app.example.kz", "https://evil.example"]));
        assert!(!is_allowed(&[]));
    }
}

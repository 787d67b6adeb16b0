//! Requests in plain text on a port that expects TLS: what somebody gets who has typed `http://`.

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::http::base_url::https_url;

const MESSAGE: &str = "This address expects HTTPS: write https:// instead of http://.\n";

/// Leads a browser to the address with TLS. Other requests are refused: what they contain was readable on the way,
/// and a client that never learns its mistake would go on sending it.
pub(super) fn use_https(request: Request<Body>) -> Response<Body> {
    let (head, _) = request.into_parts();
    let is_read = [Method::GET, Method::HEAD].contains(&head.method);
    let location = is_read.then(|| https_url(&head)).flatten();
    let location = location.and_then(|url| HeaderValue::from_str(&url).ok());
    let close = (header::CONNECTION, HeaderValue::from_static("close"));
    match location {
        Some(location) => {
            let headers = [close, (header::LOCATION, location)];
            (StatusCode::TEMPORARY_REDIRECT, headers, MESSAGE).into_response()
        }
        None => (StatusCode::BAD_REQUEST, [close], MESSAGE).into_response(),
    }
}

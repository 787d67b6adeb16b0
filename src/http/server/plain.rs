//! The response to a plain HTTP request on a port that expects TLS, for people who have typed `http://`.

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::http::base_url::https_url;

const MESSAGE: &str = "This address expects HTTPS: write https:// instead of http://.\n";

/// Redirects `GET` and `HEAD` to the https URL. Other methods are refused: their bodies were readable in transit,
/// and with a redirect a misconfigured client would go on sending them.
pub(super) fn use_https(request: Request<Body>) -> Response<Body> {
    let (head, _) = request.into_parts();
    let is_safe = [Method::GET, Method::HEAD].contains(&head.method);
    let location = is_safe.then(|| https_url(&head)).flatten();
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

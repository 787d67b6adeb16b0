//! The response to a plain HTTP request on a port that expects TLS, for people who have typed `http://`.

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::http::base_url::https_url;

const MESSAGE: &str = "This address expects HTTPS: write https:// instead of http://.\n";

/// Redirects a browser that opens a page to the https URL. Everything else is refused: its body or its token was
/// readable in transit, and with a redirect a misconfigured client would go on sending them (S50).
pub(super) fn use_https(request: Request<Body>) -> Response<Body> {
    let (head, _) = request.into_parts();
    let location = opens_page(&head).then(|| https_url(&head)).flatten();
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

/// Whether a person has opened the URL in a browser.
fn opens_page(head: &Parts) -> bool {
    let accept = head.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    head.method == Method::GET
        && accept.is_some_and(|accept| accept.contains("text/html"))
        && !head.headers.contains_key(header::AUTHORIZATION)
}

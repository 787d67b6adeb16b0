//! How a stored video is answered: whole, in part, or not at all.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::playback::ContentHeaders;

use super::error_code::ErrorCode;
use super::problem::{self, Problem};
use super::range::{RequestedRange, is_not_modified, requested_range};

/// An answer that lacks only its bytes.
pub(super) struct Plan {
    status: StatusCode,
    headers: HeaderMap,
    /// The bytes it wants; none for HEAD and for what the client has.
    pub(super) part: Option<Range<u64>>,
}

impl Plan {
    pub(super) fn respond(self, body: Body) -> Response {
        (self.status, self.headers, body).into_response()
    }
}

/// Reads `Range`, `If-Range` and `If-None-Match` of a request for this video.
pub(super) fn plan(
    method: &Method,
    asking: &HeaderMap,
    about: &ContentHeaders,
) -> Result<Plan, Problem> {
    let mut headers = headers(about)?;
    if is_not_modified(asking, &about.etag) {
        return Ok(Plan { status: StatusCode::NOT_MODIFIED, headers, part: None });
    }
    let length = about.length.get();
    let (status, part) = match requested_range(asking, length, &about.etag) {
        RequestedRange::Whole => (StatusCode::OK, 0..length),
        RequestedRange::Part(part) => {
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            headers.insert(header::CONTENT_RANGE, text(&range)?);
            (StatusCode::PARTIAL_CONTENT, part)
        }
        RequestedRange::Unsatisfiable => return Err(unsatisfiable(length)?),
    };
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    let part = (*method != Method::HEAD).then_some(part);
    Ok(Plan { status, headers, part })
}

fn headers(about: &ContentHeaders) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(about.content_type));
    headers.insert(header::ETAG, text(&about.etag)?);
    headers.insert(header::CONTENT_DISPOSITION, text(&about.disposition)?);
    // The bytes never change, but they are not for everybody.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    Ok(headers)
}

fn unsatisfiable(length: u64) -> Result<Problem, Problem> {
    let range = text(&format!("bytes */{length}"))?;
    let message = "ask for one range within the video";
    Ok(Problem::new(ErrorCode::ValidationFailed, message)
        .with_status(StatusCode::RANGE_NOT_SATISFIABLE)
        .with_header(header::CONTENT_RANGE, range))
}

fn text(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(value).map_err(|_| problem::internal())
}

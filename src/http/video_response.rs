//! The response with a stored video: all of it, a range, or not modified.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::playback::ContentHeaders;

use super::error_code::ErrorCode;
use super::problem::{self, Problem};
use super::range::{RequestedRange, fails_if_match, is_not_modified, requested_range};

/// A response without its body.
pub(super) struct VideoResponse {
    status: StatusCode,
    headers: HeaderMap,
    /// The range for the body. `None` for HEAD and for 304.
    pub(super) range: Option<Range<u64>>,
}

impl VideoResponse {
    /// The response to a request with these headers (`Range`, `If-Range`, `If-Match`, `If-None-Match`).
    pub(super) fn new(
        method: &Method,
        request: &HeaderMap,
        content: &ContentHeaders,
    ) -> Result<Self, Problem> {
        let mut headers = content_headers(content)?;
        if fails_if_match(request, &content.etag) {
            return Err(precondition_failed());
        }
        if is_not_modified(request, &content.etag) {
            return Ok(Self { status: StatusCode::NOT_MODIFIED, headers, range: None });
        }
        let length = content.length.get();
        let (status, range) = match requested_range(method, request, length, &content.etag) {
            RequestedRange::Whole => (StatusCode::OK, 0..length),
            RequestedRange::Part(range) => {
                let text = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                headers.insert(header::CONTENT_RANGE, header_value(&text)?);
                (StatusCode::PARTIAL_CONTENT, range)
            }
            RequestedRange::Unsatisfiable => {
                let message = "the Range header must contain one range within the video";
                return Err(Problem::new(ErrorCode::ValidationFailed, message)
                    .with_status(StatusCode::RANGE_NOT_SATISFIABLE)
                    .with_header(
                        header::CONTENT_RANGE,
                        header_value(&format!("bytes */{length}"))?,
                    ));
            }
        };
        headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
        let range = (*method != Method::HEAD).then_some(range);
        Ok(Self { status, headers, range })
    }

    pub(super) fn with_body(self, body: Body) -> Response {
        (self.status, self.headers, body).into_response()
    }
}

/// 412: the file is not the one that `If-Match` names.
pub(super) fn precondition_failed() -> Problem {
    let message = "the file has another ETag than those in If-Match";
    Problem::new(ErrorCode::ValidationFailed, message).with_status(StatusCode::PRECONDITION_FAILED)
}

fn content_headers(content: &ContentHeaders) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content.content_type));
    headers.insert(header::ETAG, header_value(&content.etag)?);
    headers.insert(header::CONTENT_DISPOSITION, header_value(&content.disposition)?);
    // The bytes never change, but shared caches must not store them.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    Ok(headers)
}

fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| problem::internal())
}

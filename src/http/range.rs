//! Conditional and range requests (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::{HeaderMap, HeaderValue, header};

/// The bytes that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestedRange {
    Whole,
    Part(Range<u64>),
    /// Outside the file, malformed, or several ranges, which we do not support.
    Unsatisfiable,
}

/// Reads `Range` for a file of `length` bytes. It is ignored if `If-Range` names another version.
pub(super) fn requested_range(headers: &HeaderMap, length: u64, etag: &str) -> RequestedRange {
    let is_current = |tag: &HeaderValue| tag.as_bytes() == etag.as_bytes();
    let Some(range) = headers.get(header::RANGE) else { return RequestedRange::Whole };
    if headers.get(header::IF_RANGE).is_some_and(|tag| !is_current(tag)) {
        return RequestedRange::Whole;
    }
    let parsed =
        range.to_str().ok().and_then(|text| http_range_header::parse_range_header(text).ok());
    let Some(ranges) = parsed.and_then(|parsed| parsed.validate(length).ok()) else {
        return RequestedRange::Unsatisfiable;
    };
    match ranges.as_slice() {
        [range] => RequestedRange::Part(*range.start()..*range.end() + 1),
        _ => RequestedRange::Unsatisfiable,
    }
}

/// Whether `If-None-Match` names this version.
pub(super) fn is_not_modified(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    tags.is_some_and(|tags| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag))
}

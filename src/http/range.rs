//! One range of a stored video (RFC 9110 §14).

use axum::http::{HeaderMap, HeaderValue, header};

/// Which bytes are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of them.
    Whole,
    /// From the first to the last, both included.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// None that are there, or several ranges at once, which we do not answer (S59).
    Unsatisfiable,
}

/// What `Range` asks for of a file of `length` bytes. A range of another version of the file
/// (`If-Range`) does not count.
pub(super) fn asked(headers: &HeaderMap, length: u64, etag: &str) -> Asked {
    let current = |tag: &HeaderValue| tag.as_bytes() == etag.as_bytes();
    let Some(range) = headers.get(header::RANGE) else { return Asked::Whole };
    if headers.get(header::IF_RANGE).is_some_and(|tag| !current(tag)) {
        return Asked::Whole;
    }
    let parsed =
        range.to_str().ok().and_then(|text| http_range_header::parse_range_header(text).ok());
    let Some(ranges) = parsed.and_then(|parsed| parsed.validate(length).ok()) else {
        return Asked::Unsatisfiable;
    };
    match ranges.as_slice() {
        [range] => Asked::Part { first: *range.start(), last: *range.end() },
        _ => Asked::Unsatisfiable,
    }
}

/// Whether the client has these very bytes already.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    tags.is_some_and(|tags| {
        tags.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim() == etag)
    })
}

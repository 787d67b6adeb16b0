//! Conditional and range requests (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The bytes that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestedRange {
    Whole,
    Part(Range<u64>),
    /// Outside the file, or malformed.
    Unsatisfiable,
}

/// A range as written.
enum RangeSpec {
    /// From a position to the end, or to a last position.
    From(u64, Option<u64>),
    /// The last bytes.
    Last(u64),
}

/// Reads `Range` for a file of `length` bytes. It is ignored if the method is not GET, `If-Range` names another
/// version, the unit is not bytes, or several ranges are requested.
pub(super) fn requested_range(
    method: &Method,
    headers: &HeaderMap,
    length: u64,
    etag: &str,
) -> RequestedRange {
    let is_current = |tag: &HeaderValue| tag.as_bytes() == etag.as_bytes();
    let Some(range) = headers.get(header::RANGE) else { return RequestedRange::Whole };
    let is_outdated = headers.get(header::IF_RANGE).is_some_and(|tag| !is_current(tag));
    if method != Method::GET || is_outdated {
        return RequestedRange::Whole;
    }
    let Some((unit, set)) = range.to_str().ok().and_then(|text| text.split_once('=')) else {
        return RequestedRange::Unsatisfiable;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RequestedRange::Whole;
    }
    // Empty elements of a list are legal.
    let mut specs = set.split(',').map(str::trim).filter(|spec| !spec.is_empty());
    match (specs.next().and_then(range_spec), specs.next()) {
        (Some(spec), None) => satisfied(&spec, length),
        (Some(_), Some(_)) => RequestedRange::Whole,
        (None, _) => RequestedRange::Unsatisfiable,
    }
}

fn range_spec(text: &str) -> Option<RangeSpec> {
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        return Some(RangeSpec::Last(digits(last)?));
    }
    let first = digits(first)?;
    let last = if last.is_empty() { None } else { Some(digits(last)?) };
    last.is_none_or(|last| first <= last).then_some(RangeSpec::From(first, last))
}

/// `1*DIGIT`. A number that is too large is beyond the end of every file.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn satisfied(spec: &RangeSpec, length: u64) -> RequestedRange {
    let range = match *spec {
        RangeSpec::From(first, last) => {
            first..last.map_or(length, |last| last.saturating_add(1).min(length))
        }
        RangeSpec::Last(count) => length.saturating_sub(count)..length,
    };
    if range.is_empty() { RequestedRange::Unsatisfiable } else { RequestedRange::Part(range) }
}

/// Whether `If-None-Match` names this version. A weak tag does too.
pub(super) fn is_not_modified(headers: &HeaderMap, etag: &str) -> bool {
    let weakly_equal = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == etag;
    tags(headers, &header::IF_NONE_MATCH).any(|tag| tag == "*" || weakly_equal(tag))
}

/// Whether `If-Match` demands another version. A weak tag never matches.
pub(super) fn fails_if_match(headers: &HeaderMap, etag: &str) -> bool {
    headers.contains_key(header::IF_MATCH)
        && !tags(headers, &header::IF_MATCH).any(|tag| tag == "*" || tag == etag)
}

/// The entity tags in a header. Our own tags contain no comma.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(text: &str) -> RequestedRange {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, text.parse().unwrap());
        requested_range(&Method::GET, &headers, 100, "\"tag\"")
    }

    #[test]
    fn ranges_follow_the_grammar() {
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("Bytes=00-01", 0..2),
            ("BYTES= ,0-1, ", 0..2),
            ("bytes=50-18446744073709551616", 50..100),
            ("bytes=-18446744073709551616", 0..100),
        ] {
            assert_eq!(range_of(text), RequestedRange::Part(range), "{text}");
        }
        for text in ["items=0-1", "seconds=1-2", "bytes=0-1,5-6"] {
            assert_eq!(range_of(text), RequestedRange::Whole, "{text}");
        }
        for text in [
            "bytes=100-",
            "bytes=18446744073709551616-",
            "bytes=-0",
            "bytes=5-4",
            "bytes=",
            "bytes=-",
            "bytes=+1-2",
            "bytes=a-b",
            "bytes",
        ] {
            assert_eq!(range_of(text), RequestedRange::Unsatisfiable, "{text}");
        }
    }

    #[test]
    fn weak_tags_match_if_none_match_and_not_if_match() {
        let matches = |tags: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, tags.parse().unwrap());
            headers.insert(header::IF_MATCH, tags.parse().unwrap());
            (is_not_modified(&headers, "\"a\""), !fails_if_match(&headers, "\"a\""))
        };
        assert_eq!(matches("\"a\""), (true, true));
        assert_eq!(matches("*"), (true, true));
        assert_eq!(matches("W/\"a\""), (true, false));
        assert_eq!(matches("\"b\", W/\"a\""), (true, false));
        assert_eq!(matches("\"b\""), (false, false));
        assert!(!fails_if_match(&HeaderMap::new(), "\"a\""));
    }
}

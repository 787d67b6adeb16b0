//! Interpretation of HTTP responses.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::delivery::Delivery;

/// The longest explanation of a receiver that is kept, in characters.
const MAX_WORDS: usize = 300;

/// Interprets a response as Standard Webhooks does: 2xx is success, 410 is permanent, anything else,
/// redirects included, is a temporary failure. Up to `limit` bytes of an error body are kept.
pub(super) async fn classify(response: Response, limit: usize, now: Timestamp) -> Delivery {
    let status = response.status();
    if status.is_success() {
        return Delivery::Delivered { status: status.as_u16() };
    }
    let after = retry_after(response.headers(), now);
    let reason = format!("{status}: {}", read_prefix(response, limit).await);
    match status {
        StatusCode::GONE => Delivery::Rejected { status: status.as_u16(), reason },
        _ => Delivery::Retry { after, status: Some(status.as_u16()), reason },
    }
}

/// Up to `limit` bytes of the body, or as many as arrive, as one line of text.
pub(super) async fn read_prefix(mut response: Response, limit: usize) -> String {
    let mut body = Vec::new();
    while body.len() < limit
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
    }
    one_line(&String::from_utf8_lossy(&body))
}

/// Replaces control characters: PostgreSQL stores no NUL, and a terminal interprets the others.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// The words of somebody else, for an operator.
pub(super) fn shortened(text: &str) -> String {
    one_line(text).chars().take(MAX_WORDS).collect()
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. A date in the past means no delay.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(date.duration_since(now).max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Option<SignedDuration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        retry_after(&headers, "1994-11-06T08:49:07Z".parse().unwrap())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse("120"), Some(SignedDuration::from_secs(120)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(SignedDuration::from_secs(30)));
        assert_eq!(parse("Sun, 06 Nov 1994 07:00:00 GMT"), Some(SignedDuration::ZERO));
    }

    #[test]
    fn an_invalid_retry_after_is_ignored() {
        for text in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_body_becomes_one_line() {
        assert_eq!(one_line("no\r\nway\0\u{1b}[31m "), "no  way  [31m");
    }
}

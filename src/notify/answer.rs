//! What a receiver's answer means.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::Delivery;

/// Judges an answer as Standard Webhooks does: 2xx is success, 410 means never again, anything
/// else, redirects included, is a failure that may pass. Of a failing answer, up to `limit` bytes
/// are kept.
pub(super) async fn judge(answer: Response, limit: usize, now: Timestamp) -> Delivery {
    let status = answer.status();
    if status.is_success() {
        return Delivery::Delivered { status: status.as_u16() };
    }
    let after = retry_after(answer.headers(), now);
    let reason = format!("{status}: {}", beginning(answer, limit).await);
    match status {
        StatusCode::GONE => Delivery::Never { status: status.as_u16(), reason },
        _ => Delivery::Later { after, status: Some(status.as_u16()), reason },
    }
}

/// The first `limit` bytes of the body, or what of it arrives, as one line of text.
pub(super) async fn beginning(mut answer: Response, limit: usize) -> String {
    let mut body = Vec::new();
    while body.len() < limit
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
    }
    one_line(&String::from_utf8_lossy(&body))
}

/// Control characters become blanks: PostgreSQL holds no NUL, and a terminal obeys the others.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. A past date means at once.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
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

    fn after(text: &'static str) -> Option<SignedDuration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        retry_after(&headers, "1994-11-06T08:49:07Z".parse().unwrap())
    }

    #[test]
    fn a_receiver_may_ask_for_seconds_or_for_a_date() {
        assert_eq!(after("120"), Some(SignedDuration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(SignedDuration::from_secs(30)));
        assert_eq!(after("Sun, 06 Nov 1994 07:00:00 GMT"), Some(SignedDuration::ZERO));
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for text in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(after(text), None, "{text}");
        }
    }

    #[test]
    fn an_answer_is_kept_as_one_line() {
        assert_eq!(one_line("no\r\nway\0\u{1b}[31m "), "no  way  [31m");
    }
}

//! The session cookies. With TLS their names begin with `__Host-`: a browser then accepts them from this host
//! only, and no other host of the same domain can set them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use jiff::SignedDuration;

use crate::http::AppState;
use crate::http::base_url::is_secure;
use crate::model::BrowserKind;

/// Browsers keep no cookie longer than 400 days. Sessions end earlier on the server, by inactivity.
const LONGEST: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Longest accepted secret, in bytes. Ours have 43.
const LONGEST_SECRET: usize = 64;

const fn name(kind: BrowserKind, is_secure: bool) -> &'static str {
    match (kind, is_secure) {
        (BrowserKind::Review, true) => "__Host-forte_review",
        (BrowserKind::Review, false) => "forte_review",
        (BrowserKind::Drive, true) => "__Host-forte_drive",
        (BrowserKind::Drive, false) => "forte_drive",
        (BrowserKind::Film, true) => "__Host-forte_film",
        (BrowserKind::Film, false) => "forte_film",
    }
}

/// The secret in the cookie of a request.
pub(super) fn read(state: &AppState, head: &Parts, kind: BrowserKind) -> Option<String> {
    value(&head.headers, name(kind, is_secure(state, head)))
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
    let value = value.trim();
    let is_ours = (1..=LONGEST_SECRET).contains(&value.len());
    is_ours.then(|| value.to_owned())
}

/// Sets and clears session cookies. The flag: whether they get `Secure`, because the request came over TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionCookies(bool);

impl SessionCookies {
    pub(super) fn of(state: &AppState, head: &Parts) -> Self {
        Self(is_secure(state, head))
    }

    /// Sets the cookie.
    pub(super) fn set(self, response: Response, kind: BrowserKind, secret: &str) -> Response {
        self.add(response, kind, secret, LONGEST)
    }

    pub(super) fn clear(self, response: Response, kind: BrowserKind) -> Response {
        self.add(response, kind, "", SignedDuration::ZERO)
    }

    fn add(
        self,
        mut response: Response,
        kind: BrowserKind,
        secret: &str,
        age: SignedDuration,
    ) -> Response {
        let secure = if self.0 { "; Secure" } else { "" };
        let (name, age) = (name(kind, self.0), age.as_secs());
        let cookie =
            format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age={age}");
        // Always succeeds: a secret is base64.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl FromRequestParts<Arc<AppState>> for SessionCookies {
    type Rejection = Infallible;

    async fn from_request_parts(
        head: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, Infallible> {
        Ok(Self::of(state, head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_cookie_is_read() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "a=1; xforte_review=2;forte_review=abc ; b=3".parse().unwrap());
        headers.append("cookie", "forte_drive=def".parse().unwrap());
        assert_eq!(value(&headers, "forte_review").as_deref(), Some("abc"));
        assert_eq!(value(&headers, "forte_drive").as_deref(), Some("def"));
        assert_eq!(value(&headers, "forte_film"), None);
        let long = format!("forte_film={}", "x".repeat(65));
        headers.append("cookie", long.parse().unwrap());
        assert_eq!(value(&headers, "forte_film"), None);
    }
}

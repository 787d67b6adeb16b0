//! The language of the pages: from the cookie, else from the account, else from `Accept-Language`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::AppState;
use crate::http::fields::Fields;
use crate::http::message::requested_language;
use crate::http::problem::Problem;
use crate::model::texts::Language;

pub(super) const PATH: &str = "/language";

const COOKIE: &str = "language";
const YEAR: u32 = 31_536_000;

/// The language of a page. `account`: the preference of the signed-in person.
pub(in crate::http) fn language_of(headers: &HeaderMap, account: Option<Language>) -> Language {
    let chosen = cookie(headers, COOKIE).and_then(Language::from_word);
    chosen.or(account).unwrap_or_else(|| requested_language(headers))
}

/// A cookie by its name.
pub(in crate::http) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines.flat_map(|line| line.to_str().unwrap_or_default().split(';'));
    pairs.find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}

/// `POST /language`: stores the language in a cookie. It changes nothing else, so it needs no CSRF token.
pub(super) async fn choose(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields = Fields::read(&state, &head.headers, body, &["language", "back"]).await?;
    let language = fields.get("language").and_then(Language::from_word);
    let language = language.ok_or_else(|| Problem::unreadable("language must be en, ru or kk"))?;
    let mut response = see_other(fields.get("back").unwrap_or("/"));
    let cookie =
        format!("{COOKIE}={}; Path=/; Max-Age={YEAR}; SameSite=Lax; HttpOnly", language.as_str());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A redirect (303) to a page of this service after a form. Any other target is replaced by `/`.
pub(in crate::http) fn see_other(path: &str) -> Response {
    let place = if is_local(path) { path } else { "/" };
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// Whether this is a path on this service. Browsers read `//host` and `/\host` as another server.
fn is_local(path: &str) -> bool {
    let mut characters = path.chars();
    characters.next() == Some('/')
        && !path.starts_with("//")
        && path.chars().all(|character| character.is_ascii_graphic() && character != '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str, accepted: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        headers
    }

    #[test]
    fn the_cookie_precedes_the_account_and_the_account_the_browser() {
        let chosen = headers("a=b; language=kk", "en");
        assert_eq!(language_of(&chosen, Some(Language::English)), Language::Kazakh);
        let unknown = headers("language=xx", "en");
        assert_eq!(language_of(&unknown, Some(Language::Kazakh)), Language::Kazakh);
        assert_eq!(language_of(&unknown, None), Language::English);
        assert_eq!(language_of(&HeaderMap::new(), None), Language::Russian);
    }

    #[test]
    fn only_a_path_of_this_service_is_followed() {
        for path in ["/", "/review", "/review?status=2&q=%D0%90"] {
            assert!(is_local(path), "{path}");
        }
        for path in ["", "//evil", "/\\evil", "https://evil", "/a b", "/a\r\nSet-Cookie: x"] {
            assert!(!is_local(path), "{path}");
        }
    }
}

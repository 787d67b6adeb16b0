//! The check that a request was sent by one of our own pages.

use axum::http::request::Parts;
use axum::http::{HeaderName, header};

use crate::http::AppState;
use crate::http::base_url::is_own_origin;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that a browser sent from a page of another site. A request with neither header comes from a
/// program, which does not have a person's cookie either.
pub(in crate::http) fn same_origin(state: &AppState, head: &Parts) -> Result<(), Problem> {
    if is_same_origin(state, head) {
        return Ok(());
    }
    let message = "the request was sent by a page of another site";
    Err(Problem::new(ErrorCode::CsrfInvalid, message).closing())
}

fn is_same_origin(state: &AppState, head: &Parts) -> bool {
    let text = |name| head.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // Set by the browser; scripts cannot change it.
    if let Some(site) = text(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    text(header::ORIGIN).is_none_or(|origin| is_own_origin(state, head, origin))
}

//! The answer to a browser that is not signed in: a way to the sign-in, or a problem for a script.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::SignedDuration;
use serde_json::json;

use crate::auth::BrowserError;
use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::model::BrowserKind;

/// Why a request has no session, or may not change anything.
#[derive(Debug)]
pub(in crate::http) enum NoSessionReason {
    /// The browser has not signed in.
    Missing,
    /// The session was not used for this long.
    Idle(SignedDuration),
    /// The session was ended, or has reached its limit.
    Ended,
    /// The reviewers of this address are kept out.
    Network,
    /// The change does not come from a page of this session.
    Csrf,
    /// The request cannot be read, or the database is away.
    Problem(Problem),
}

/// A request without a session.
#[derive(Debug)]
pub(in crate::http) struct NoSession {
    pub(in crate::http) reason: NoSessionReason,
    /// Where the browser comes back to after the sign-in.
    pub(in crate::http) next: String,
    sign_in: &'static str,
    /// Whether the browser shows the answer, and no script reads it.
    is_navigation: bool,
}

impl NoSession {
    pub(super) fn new(kind: BrowserKind, head: &Parts, reason: NoSessionReason) -> Self {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        // A form is not sent again by the way back.
        let next = if head.method == Method::GET { path.to_owned() } else { String::new() };
        let sign_in = match kind {
            BrowserKind::Review => "/review/sign-in",
            BrowserKind::Drive | BrowserKind::Film => "/drive/sign-in",
        };
        Self { reason, next, sign_in, is_navigation: is_navigation(&head.headers) }
    }

    /// Whether the browser is signed out, as opposed to a request that is refused.
    pub(super) const fn is_signed_out(&self) -> bool {
        matches!(
            self.reason,
            NoSessionReason::Missing | NoSessionReason::Idle(_) | NoSessionReason::Ended
        )
    }

    fn redirect(&self) -> Response {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        if !self.next.is_empty() {
            pairs.append_pair("next", &self.next);
        }
        if matches!(self.reason, NoSessionReason::Idle(_)) {
            pairs.append_pair("expired", "1");
        }
        let query = pairs.finish();
        let separator = if query.is_empty() { "" } else { "?" };
        Redirect::to(&format!("{}{separator}{query}", self.sign_in)).into_response()
    }
}

/// Whether a browser shows the answer to this request.
pub(in crate::http) fn is_navigation(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

impl From<BrowserError> for NoSessionReason {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Missing => Self::Missing,
            BrowserError::Idle(limit) => Self::Idle(limit),
            BrowserError::Ended => Self::Ended,
            BrowserError::Database(error) => Self::Problem(problem::database_failure(&error)),
        }
    }
}

impl From<NoSessionReason> for Problem {
    fn from(reason: NoSessionReason) -> Self {
        match reason {
            NoSessionReason::Missing | NoSessionReason::Ended => {
                Self::new(ErrorCode::SessionMissing, "sign in; the browser has no session")
            }
            NoSessionReason::Idle(limit) => {
                let message = "sign in; the session was not used for long";
                Self::new(ErrorCode::SessionExpired, message)
                    .with_details(json!({ "after_seconds": limit.as_secs() }))
            }
            NoSessionReason::Network => {
                // A script tells it from a page that is too old by the reason.
                Self::new(ErrorCode::Forbidden, "reviewers may not sign in from this address")
                    .with_details(json!({ "reason": "network" }))
            }
            NoSessionReason::Csrf => {
                Self::new(ErrorCode::CsrfInvalid, "load the page again; its token is not valid")
            }
            NoSessionReason::Problem(problem) => problem,
        }
    }
}

impl IntoResponse for NoSession {
    fn into_response(self) -> Response {
        if self.is_signed_out() && self.is_navigation {
            return self.redirect();
        }
        Problem::from(self.reason).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::texts::Language;

    #[test]
    fn a_refused_network_is_told_from_a_page_that_is_too_old() {
        let details = |reason| Problem::from(reason).into_reason(Language::English).2;
        assert_eq!(details(NoSessionReason::Network)["reason"], "network");
        assert!(details(NoSessionReason::Csrf)["reason"].is_null());
    }
}

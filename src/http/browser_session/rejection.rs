//! The response to a browser without a session: a redirect to the sign-in page, or a problem for a script.

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
    /// The session had no activity for this long.
    Idle(SignedDuration),
    /// The session was ended, or has reached its longest lifetime.
    Ended,
    /// Reviewers are not allowed from this address (`review.allow_networks`, or the networks of the account).
    Network,
    /// The request was not sent by a page of this session.
    Csrf,
    /// The request cannot be read, or the database is unavailable.
    Problem(Problem),
}

/// A request without a session.
#[derive(Debug)]
pub(in crate::http) struct NoSession {
    pub(in crate::http) reason: NoSessionReason,
    /// The page to which the browser returns after the sign-in; empty: none.
    pub(in crate::http) next: String,
    sign_in: &'static str,
    /// Whether the browser displays the response, and no script reads it.
    is_navigation: bool,
}

impl NoSession {
    pub(super) fn new(kind: BrowserKind, head: &Parts, reason: NoSessionReason) -> Self {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        // Returning to the URL of a form would not send the form again.
        let next = if head.method == Method::GET { path.to_owned() } else { String::new() };
        let sign_in = match kind {
            BrowserKind::Review => "/review/sign-in",
            BrowserKind::Drive | BrowserKind::Film => "/drive/sign-in",
        };
        Self { reason, next, sign_in, is_navigation: is_navigation(&head.headers) }
    }

    /// Whether the browser is signed out, as opposed to a refused request of a session.
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

/// Whether the browser displays the response to this request, and no script reads it.
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
            BrowserError::Network => Self::Network,
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
                let message = "sign in; the session has expired through inactivity";
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
    fn a_refused_network_differs_from_a_page_that_is_too_old() {
        let details = |reason| Problem::from(reason).into_reason(Language::English).2;
        assert_eq!(details(NoSessionReason::Network)["reason"], "network");
        assert!(details(NoSessionReason::Csrf)["reason"].is_null());
    }
}

//! The caller of a request, from its bearer token.

use axum::http::{HeaderMap, header};

use crate::auth::Caller;
use crate::model::{Person, PersonId};

use super::AppState;
use super::auth_errors::unauthorized;
use super::error_code::ErrorCode;
use super::problem::Problem;

impl AppState {
    /// The verified caller and the session. Film links are refused.
    pub(super) async fn caller_in_session(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let caller = self.sender(headers).await?;
        if caller.is_film_link() {
            let message = "a film link may only send the video of its report";
            return Err(Problem::new(ErrorCode::Forbidden, message));
        }
        Ok(caller)
    }

    /// The verified caller of a route that sends a video: a person, or a film link.
    pub(super) async fn sender(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let message = "an access token is required: Authorization: Bearer …";
        let token = token(headers).ok_or_else(|| unauthorized(ErrorCode::TokenInvalid, message))?;
        Ok(self.auth.authenticate(token).await?)
    }

    /// The verified caller.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Person, Problem> {
        Ok(self.caller_in_session(headers).await?.person)
    }

    /// The person in the access token, or `None` without a valid one. For upload URLs, whose secret is
    /// enough, so that an invalid token is not an error.
    pub(super) fn claimed_caller(&self, headers: &HeaderMap) -> Option<PersonId> {
        self.auth.claimed_person(token(headers)?)
    }
}

/// The part after `Bearer `.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

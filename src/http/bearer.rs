//! Who is calling: the bearer token of a request.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::leasing::{Caller, CallerError, TokenError};
use crate::model::{Person, PersonId};

use super::AppState;
use super::error_code::ErrorCode;
use super::problem::{self, Problem};

impl AppState {
    /// The verified caller, who may still act.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Person, Problem> {
        let token = token(headers).ok_or_else(missing)?;
        self.leasing.caller(token).await.map_err(refused)
    }

    /// The same, with the session the token is of.
    pub(super) async fn caller_in_session(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = token(headers).ok_or_else(missing)?;
        self.leasing.caller_in_session(token).await.map_err(refused)
    }

    /// The person a valid token names. One that cannot be verified counts as none: the secret in an
    /// upload's URL is enough (S23).
    pub(super) fn claimed_caller(&self, headers: &HeaderMap) -> Option<PersonId> {
        self.leasing.claimed(token(headers)?)
    }
}

/// What follows `Bearer `.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401: no token at all.
fn missing() -> Problem {
    unauthorized(ErrorCode::TokenInvalid, "an access token is required: Authorization: Bearer …")
}

fn refused(error: CallerError) -> Problem {
    match error {
        CallerError::Token(TokenError::Expired) => {
            unauthorized(ErrorCode::TokenExpired, "the access token has expired; get a new one")
        }
        CallerError::Token(_) => {
            unauthorized(ErrorCode::TokenInvalid, "the access token is not valid")
        }
        CallerError::Inactive => {
            unauthorized(ErrorCode::TokenInvalid, "this account may no longer act")
        }
        CallerError::Away(cause) => problem::unavailable(&cause),
        CallerError::Internal(cause) => {
            tracing::error!(error = %cause, "the caller could not be looked up");
            problem::internal()
        }
    }
}

/// 401 where a token is asked for.
pub(super) fn unauthorized(code: ErrorCode, message: &str) -> Problem {
    Problem::new(code, message)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

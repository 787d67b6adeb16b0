//! The HTTP answers to errors of sign-in and authentication.

use axum::http::{HeaderValue, header};
use jiff::SignedDuration;

use crate::auth::{AccountSignInError, CallerError, SignInError, TokenError};

use super::error_code::ErrorCode;
use super::problem::{self, Problem};

/// `Retry-After` while the queue of passwords is full, in seconds.
const BUSY_RETRY: u64 = 1;

const BASIC: HeaderValue =
    HeaderValue::from_static("Basic realm=\"ForteLeasing\", charset=\"UTF-8\"");

/// 401 of a route that requires a token.
pub(super) fn unauthorized(code: ErrorCode, message: &str) -> Problem {
    Problem::new(code, message)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// 401 of the route that requires a one-time code.
pub(super) fn code_required(code: ErrorCode, message: &str) -> Problem {
    Problem::new(code, message).with_header(header::WWW_AUTHENTICATE, BASIC)
}

/// Whole seconds, rounded up.
pub(super) fn seconds(wait: SignedDuration) -> u64 {
    u64::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1)
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Self {
        let invalid = |message| unauthorized(ErrorCode::TokenInvalid, message);
        match error {
            CallerError::Token(TokenError::Expired) => unauthorized(
                ErrorCode::TokenExpired,
                "the access token has expired; get a new one with the refresh token",
            ),
            CallerError::Token(_) => invalid("the access token is not valid; sign in again"),
            CallerError::Inactive => invalid("the session has ended; sign in again"),
            CallerError::Database(error) => problem::database_failure(error.is_transient(), &error),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::RateLimited(wait) => {
                let message = "too many codes were requested; wait before you request another one";
                Self::new(ErrorCode::OtpRateLimited, message).retry_after(seconds(wait))
            }
            SignInError::InvalidCode => code_required(
                ErrorCode::OtpInvalid,
                "the code is not valid; check it or request a new one",
            ),
            SignInError::ExpiredCode => {
                code_required(ErrorCode::OtpExpired, "the code has expired; request a new one")
            }
            SignInError::Token(TokenError::Expired) => unauthorized(
                ErrorCode::TokenExpired,
                "the refresh token has expired; sign in again",
            ),
            SignInError::Token(_) => unauthorized(
                ErrorCode::TokenInvalid,
                "the refresh token is not valid; sign in again",
            ),
            SignInError::TokenReused => unauthorized(
                ErrorCode::TokenReused,
                "the refresh token was used before, so the session was ended; sign in again",
            ),
            SignInError::SessionEnded => {
                unauthorized(ErrorCode::TokenInvalid, "the session has ended; sign in again")
            }
            SignInError::Database(error) => problem::database_failure(error.is_transient(), &error),
            SignInError::Mint(error) => {
                tracing::error!(%error, "tokens could not be signed");
                problem::internal()
            }
        }
    }
}

impl From<AccountSignInError> for Problem {
    fn from(error: AccountSignInError) -> Self {
        let message = error.to_string();
        match error {
            AccountSignInError::InvalidCredentials => {
                Self::new(ErrorCode::CredentialsInvalid, message)
            }
            AccountSignInError::AddressNotAllowed => Self::new(ErrorCode::Forbidden, message),
            AccountSignInError::LockedOut { wait } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(seconds(wait))
            }
            AccountSignInError::Busy => Self::new(ErrorCode::Busy, message).retry_after(BUSY_RETRY),
            AccountSignInError::Hash => {
                tracing::error!("a password could not be hashed");
                problem::internal()
            }
            AccountSignInError::Database(error) => {
                problem::database_failure(error.is_transient(), &error)
            }
        }
    }
}

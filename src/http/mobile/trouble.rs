//! Why somebody does not come in, in the words of HTTP.

use axum::http::{HeaderValue, header};
use jiff::SignedDuration;

use crate::http::bearer;
use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::leasing::{SignInError, TokenError};
use crate::model::error_chain;

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::TooOften(wait) => too_often(wait),
            SignInError::WrongCode => wrong_code(
                ErrorCode::OtpInvalid,
                "the code is not valid; ask for a new one if in doubt",
            ),
            SignInError::OldCode => {
                wrong_code(ErrorCode::OtpExpired, "the code has expired; ask for a new one")
            }
            SignInError::Token(TokenError::Expired) => bearer::unauthorized(
                ErrorCode::TokenExpired,
                "the refresh token has expired; sign in again",
            ),
            SignInError::Token(_) => {
                bearer::unauthorized(ErrorCode::TokenInvalid, "the refresh token is not valid")
            }
            SignInError::Reused => bearer::unauthorized(
                ErrorCode::TokenReused,
                "this token was used before; the session has been ended, sign in again",
            ),
            SignInError::Ended => bearer::unauthorized(
                ErrorCode::TokenInvalid,
                "the session has ended; sign in again",
            ),
            SignInError::Away(cause) => problem::unavailable(&cause),
            SignInError::Internal(cause) => {
                tracing::error!(error = %error_chain(&*cause), "somebody could not be signed in");
                problem::internal()
            }
        }
    }
}

/// 401 where a code is asked for.
pub(super) fn wrong_code(code: ErrorCode, message: &str) -> Problem {
    let realm = HeaderValue::from_static("Basic realm=\"ForteLeasing\", charset=\"UTF-8\"");
    Problem::new(code, message).with_header(header::WWW_AUTHENTICATE, realm)
}

/// 429, and when to ask again (S3).
fn too_often(wait: SignedDuration) -> Problem {
    let seconds = u64::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1);
    let message = "codes were asked for too often; wait before you ask for another one";
    Problem::new(ErrorCode::OtpRateLimited, message).retry_after(seconds)
}

//! Why somebody does not come in, in the words of HTTP.

use axum::http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;

use crate::http::bearer;
use crate::http::problem::{self, Problem};
use crate::leasing::{SignInError, TokenError};
use crate::model::error_chain;

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::TooOften(wait) => too_often(wait),
            SignInError::WrongCode => {
                wrong_code("otp_invalid", "the code is not valid; ask for a new one if in doubt")
            }
            SignInError::OldCode => {
                wrong_code("otp_expired", "the code has expired; ask for a new one")
            }
            SignInError::Token(TokenError::Expired) => bearer::unauthorized(
                "token_expired",
                "the refresh token has expired; sign in again",
            ),
            SignInError::Token(_) => {
                bearer::unauthorized("token_invalid", "the refresh token is not valid")
            }
            SignInError::Reused => bearer::unauthorized(
                "token_reused",
                "this token was used before; the session has been ended, sign in again",
            ),
            SignInError::Ended => {
                bearer::unauthorized("token_invalid", "the session has ended; sign in again")
            }
            SignInError::Away(cause) => problem::away(&cause),
            SignInError::Internal(cause) => {
                tracing::error!(error = %error_chain(&*cause), "somebody could not be signed in");
                problem::internal()
            }
        }
    }
}

/// 401 where a code is asked for.
pub(super) fn wrong_code(code: &'static str, message: &str) -> Problem {
    let realm = HeaderValue::from_static("Basic realm=\"ForteLeasing\", charset=\"UTF-8\"");
    Problem::new(StatusCode::UNAUTHORIZED, code, message)
        .with_header(header::WWW_AUTHENTICATE, realm)
}

/// 429, and when to ask again (S3).
fn too_often(wait: SignedDuration) -> Problem {
    let seconds = u64::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1);
    let message = "codes were asked for too often; wait before you ask for another one";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "otp_rate_limited", message).retry_after(seconds)
}

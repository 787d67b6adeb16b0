//! The HTTP responses to errors of sign-in and authentication.

use axum::http::{HeaderValue, header};
use jiff::SignedDuration;

use crate::auth::{AccountSignInError, CallerError, ConfirmationError, SignInError, TokenError};
use crate::model::texts::text;

use super::error_code::ErrorCode;
use super::message::Message;
use super::problem::{self, Problem};

/// `Retry-After` while the queue of password checks is full, in seconds.
const BUSY_RETRY: u64 = 1;

/// `Retry-After` while mails are refused, in seconds: time to correct an address.
const MAIL_RETRY: u64 = 600;

const BASIC: HeaderValue =
    HeaderValue::from_static("Basic realm=\"ForteLeasing\", charset=\"UTF-8\"");

/// 401 of a route that requires a token.
pub(super) fn unauthorized(code: ErrorCode, message: impl Into<Message>) -> Problem {
    Problem::new(code, message)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// 401 for a token or a session that cannot be used any more.
fn sign_in_again(code: ErrorCode) -> Problem {
    unauthorized(code, text!("problem.sign_in_again"))
}

/// 401 of the route that requires a one-time code.
pub(super) fn code_required(code: ErrorCode, message: impl Into<Message>) -> Problem {
    Problem::new(code, message).with_header(header::WWW_AUTHENTICATE, BASIC)
}

/// The number of whole seconds after which the wait is certainly over.
pub(super) fn seconds(wait: SignedDuration) -> u64 {
    u64::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1)
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Self {
        match error {
            CallerError::Token(TokenError::Expired) => unauthorized(
                ErrorCode::TokenExpired,
                "the access token has expired; get a new one with the refresh token",
            ),
            CallerError::Token(_) | CallerError::Inactive => sign_in_again(ErrorCode::TokenInvalid),
            CallerError::Database(error) => problem::database_failure(&error),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::RateLimited(wait) => {
                let text = text!("problem.codes_too_often");
                Self::new(ErrorCode::OtpRateLimited, text).retry_after(seconds(wait))
            }
            SignInError::MailRefused => {
                Self::new(ErrorCode::MailRefused, text!("problem.mail_refused"))
                    .retry_after(MAIL_RETRY)
            }
            SignInError::InvalidCode => {
                code_required(ErrorCode::OtpInvalid, text!("problem.code_invalid"))
            }
            SignInError::ExpiredCode => {
                code_required(ErrorCode::OtpExpired, text!("problem.code_expired"))
            }
            SignInError::UnconfirmedDevice => {
                code_required(ErrorCode::DeviceUnconfirmed, text!("problem.device_unconfirmed"))
            }
            SignInError::Token(TokenError::Expired) => sign_in_again(ErrorCode::TokenExpired),
            SignInError::Token(_) | SignInError::SessionEnded => {
                sign_in_again(ErrorCode::TokenInvalid)
            }
            SignInError::OtherDevice => {
                unauthorized(ErrorCode::TokenInvalid, "uuid: the token belongs to another device")
            }
            SignInError::TokenReused => sign_in_again(ErrorCode::TokenReused),
            SignInError::Database(error) => problem::database_failure(&error),
            SignInError::Mint(error) => {
                tracing::error!(%error, "tokens could not be signed");
                problem::internal()
            }
        }
    }
}

impl From<ConfirmationError> for Problem {
    fn from(error: ConfirmationError) -> Self {
        match error {
            ConfirmationError::NotDirector => {
                Self::new(ErrorCode::Forbidden, text!("problem.directors_only"))
            }
            ConfirmationError::InvalidLink | ConfirmationError::Inactive => {
                Self::not_found(error.to_string())
            }
            ConfirmationError::Database(error) => problem::database_failure(&error),
        }
    }
}

impl From<AccountSignInError> for Problem {
    fn from(error: AccountSignInError) -> Self {
        match error {
            // The same response, so that it does not reveal which accounts exist.
            AccountSignInError::InvalidCredentials | AccountSignInError::Disabled => {
                Self::new(ErrorCode::CredentialsInvalid, text!("problem.password_wrong"))
            }
            AccountSignInError::AddressNotAllowed | AccountSignInError::TotpNotSetUp => {
                Self::new(ErrorCode::Forbidden, error.to_string())
            }
            AccountSignInError::CodeRequired => {
                Self::new(ErrorCode::TotpRequired, error.to_string())
            }
            AccountSignInError::CodeInvalid => Self::new(ErrorCode::TotpInvalid, error.to_string()),
            AccountSignInError::LockedOut { wait } => {
                Self::new(ErrorCode::RateLimited, text!("problem.password_locked"))
                    .retry_after(seconds(wait))
            }
            AccountSignInError::Busy => {
                Self::new(ErrorCode::Busy, text!("problem.busy")).retry_after(BUSY_RETRY)
            }
            AccountSignInError::Hash => {
                tracing::error!("a password could not be hashed");
                problem::internal()
            }
            AccountSignInError::Database(error) => problem::database_failure(&error),
        }
    }
}

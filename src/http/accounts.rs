//! What is said to who does not come in by login and password.

use jiff::SignedDuration;

use crate::leasing::EnterError;

use super::error_code::ErrorCode;
use super::problem::{self, Problem};

/// How soon to try again when it is only too much at this moment, in seconds.
const SOON: u64 = 1;

pub(super) fn refused(error: EnterError) -> Problem {
    let message = error.to_string();
    match error {
        EnterError::Wrong => Problem::new(ErrorCode::CredentialsInvalid, message),
        EnterError::Elsewhere => Problem::new(ErrorCode::Forbidden, message),
        EnterError::LockedOut { wait } => {
            Problem::new(ErrorCode::RateLimited, message).retry_after(seconds(wait))
        }
        EnterError::Busy => Problem::new(ErrorCode::Busy, message).retry_after(SOON),
        EnterError::Away(cause) => problem::unavailable(&cause),
        EnterError::Internal(cause) => {
            tracing::error!(error = %cause, "an account could not be looked at");
            problem::internal()
        }
    }
}

/// Whole seconds, so that after them it is really over.
pub(super) fn seconds(wait: SignedDuration) -> u64 {
    u64::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1)
}

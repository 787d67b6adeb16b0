//! What is said to who does not come in by login and password.

use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::leasing::EnterError;

use super::problem::{self, Problem};

/// How soon to try again when it is only too much at this moment, in seconds.
const SOON: u64 = 1;

pub(super) fn refused(error: EnterError) -> Problem {
    let message = error.to_string();
    match error {
        EnterError::Wrong => Problem::new(StatusCode::UNAUTHORIZED, "credentials_invalid", message),
        EnterError::Elsewhere => Problem::new(StatusCode::FORBIDDEN, "forbidden", message),
        EnterError::LockedOut { wait } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
                .retry_after(seconds(wait))
        }
        EnterError::Busy => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(SOON)
        }
        EnterError::Away(cause) => problem::away(&cause),
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

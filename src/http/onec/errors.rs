//! The HTTP responses to errors of the exchange with 1C.

use serde_json::json;

use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::onec::OnecError;

/// `Retry-After` while an earlier message is being processed, in seconds.
const BUSY_RETRY: u64 = 2;

impl From<OnecError> for Problem {
    fn from(error: OnecError) -> Self {
        let message = error.to_string();
        match error {
            OnecError::Unreadable(_) => Self::unreadable(message),
            OnecError::Fields(errors) => Self::fields(&errors),
            OnecError::TooManyItems { max } => Self::new(ErrorCode::TooManyItems, message)
                .with_details(json!({ "max_items": max })),
            OnecError::OtherNode => Self::new(ErrorCode::Forbidden, message),
            OnecError::Differs { received_no } => Self::new(ErrorCode::MessageDiffers, message)
                .with_details(json!({ "received_no": received_no })),
            OnecError::BiinTaken => Self::new(ErrorCode::BiinTaken, message),
            OnecError::Busy => Self::new(ErrorCode::MessageBusy, message).retry_after(BUSY_RETRY),
            OnecError::Database(error) => problem::database_failure(&error),
        }
    }
}

//! What the exchange says when nothing was taken, in the words of HTTP.

use serde_json::json;

use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::model::error_chain;
use crate::onec::OnecError;

/// How soon a message is worth sending again, in seconds.
const SOON: u64 = 2;

impl From<OnecError> for Problem {
    fn from(error: OnecError) -> Self {
        let message = error.to_string();
        match error {
            OnecError::Unreadable(_) => Self::unreadable(message),
            OnecError::Fields(wrong) => Self::fields(&wrong),
            OnecError::TooMany { max } => Self::new(ErrorCode::TooManyItems, message)
                .with_details(json!({ "max_items": max })),
            OnecError::OtherNode => Self::new(ErrorCode::Forbidden, message),
            OnecError::Differs { received_no } => Self::new(ErrorCode::MessageDiffers, message)
                .with_details(json!({ "received_no": received_no })),
            OnecError::BiinTaken => Self::new(ErrorCode::BiinTaken, message),
            OnecError::Busy => Self::new(ErrorCode::MessageBusy, message).retry_after(SOON),
            OnecError::Away(cause) => problem::unavailable(&cause),
            OnecError::Internal(cause) => {
                tracing::error!(error = %error_chain(&cause), "what 1C sent could not be taken");
                problem::internal()
            }
        }
    }
}

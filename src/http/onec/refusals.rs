//! What the exchange says when nothing was taken, in the words of HTTP.

use axum::http::StatusCode;
use serde_json::json;

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
            OnecError::TooMany { max } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_items", message)
                    .with_details(json!({ "max_items": max }))
            }
            OnecError::OtherNode => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            OnecError::Differs { received_no } => {
                Self::new(StatusCode::CONFLICT, "message_differs", message)
                    .with_details(json!({ "received_no": received_no }))
            }
            OnecError::BiinTaken => Self::new(StatusCode::CONFLICT, "biin_taken", message),
            OnecError::Busy => {
                Self::new(StatusCode::LOCKED, "message_busy", message).retry_after(SOON)
            }
            OnecError::Away(cause) => problem::away(&cause),
            OnecError::Internal(cause) => {
                tracing::error!(error = %error_chain(&cause), "what 1C sent could not be taken");
                problem::internal()
            }
        }
    }
}

//! What the exchange says when nothing was taken, in the words of HTTP.

use axum::http::StatusCode;
use serde_json::json;

use crate::exchange::ExchangeError;
use crate::http::problem::{self, Problem};
use crate::model::causes;

/// How soon a message is worth sending again, in seconds.
const SOON: u64 = 2;

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let message = error.to_string();
        match error {
            ExchangeError::Unreadable(_) => Self::unreadable(message),
            ExchangeError::Fields(wrong) => Self::fields(&wrong),
            ExchangeError::TooMany { max } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_items", message)
                    .with_details(json!({ "max_items": max }))
            }
            ExchangeError::OtherNode => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            ExchangeError::Differs { received_no } => {
                Self::new(StatusCode::CONFLICT, "message_differs", message)
                    .with_details(json!({ "received_no": received_no }))
            }
            ExchangeError::BiinTaken => Self::new(StatusCode::CONFLICT, "biin_taken", message),
            ExchangeError::Busy => {
                Self::new(StatusCode::LOCKED, "message_busy", message).retry_after(SOON)
            }
            ExchangeError::Away(cause) => problem::away(&cause),
            ExchangeError::Internal(cause) => {
                tracing::error!(error = %causes(&cause), "what 1C sent could not be taken");
                problem::internal()
            }
        }
    }
}

//! The body of a message from 1C, read whole within its limits.

use axum::body::Bytes;
use axum::extract::Request;
use serde_json::json;

use crate::http::AppState;
use crate::http::body::{BodyError, read_small};
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;

pub(super) async fn read(state: &AppState, request: Request) -> Result<Bytes, Problem> {
    let config = &state.inbox.config;
    let time_limit = config.body_within.unsigned_abs();
    let body = read_small(request.into_body(), config.max_body, time_limit).await;
    body.map_err(|error| match error {
        BodyError::TooLarge { limit } => {
            let message = format!("the message is longer than {limit} bytes; nothing was stored");
            let problem = Problem::new(ErrorCode::MessageTooLarge, message);
            problem.with_details(json!({ "max_body": limit })).closing()
        }
        error => error.into(),
    })
}

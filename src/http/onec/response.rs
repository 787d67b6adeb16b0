//! Responses to 1C, without the envelope of the mobile API.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(super) fn json_response(response: &impl Serialize) -> Response {
    json_text(serde_json::json!(response).to_string())
}

pub(super) fn json_text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

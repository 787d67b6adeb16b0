//! Successful responses, in the envelope of the owner's document.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem;

/// A successful response.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Answer<T> {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: String,
    data: Data<T>,
}

/// The content of a successful response.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Data<T> {
    /// The sentence that the owner's document prints.
    #[schema(example = "success")]
    message: String,
    /// The HTTP status.
    #[schema(example = 200)]
    code: u16,
    #[serde(flatten)]
    more: T,
}

/// Responds with `message`, the status as `code`, and the fields of `more`.
pub(super) fn success(status: StatusCode, message: &str, more: &impl Serialize) -> Response {
    let data = Data { message: message.to_owned(), code: status.as_u16(), more };
    match serde_json::to_string(&Answer { status: "ok".to_owned(), data }) {
        Ok(body) => {
            let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
            (status, kind, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a response could not be serialized");
            problem::internal().into_response()
        }
    }
}

/// A moment as headers write it (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

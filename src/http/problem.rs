//! Answers that say what went wrong: a status, a stable code, a sentence, details.
//!
//! A handler returns a [`Problem`]; the envelope of `forteleasing-api.md` §6.8 is written around it
//! by [`render`], which knows the request's id.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::request_id;
use crate::model::error_chain;

/// The tus status for a piece that is not what its checksum says (T-62).
const CHECKSUM_MISMATCH: u16 = 460;

/// When to ask again if something behind the service is away.
const SECONDS_AWAY: u64 = 5;

/// How every problem is answered (`forteleasing-api.md` §6.8).
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct ErrorAnswer {
    /// Always `error`.
    #[schema(example = "error")]
    status: String,
    data: ErrorData,
}

/// What went wrong.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct ErrorData {
    /// A sentence for a person.
    message: String,
    /// The HTTP status once more.
    #[schema(example = 404)]
    code: u16,
    /// The stable code for programs.
    #[schema(example = "not_found")]
    error: String,
    /// Names this request in our log.
    request_id: String,
    /// What is wrong with which field, or what else there is to know.
    #[schema(value_type = Object)]
    details: Value,
}

/// Something a client has to be told.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Told>);

#[derive(Debug, Clone)]
struct Told {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Value,
    headers: HeaderMap,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let (details, headers) = (json!({}), HeaderMap::new());
        Self(Box::new(Told { status, code, message, details, headers }))
    }

    /// 400: cannot be read.
    pub(super) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_failed", message)
    }

    /// 422: can be read, but one or more fields are not acceptable.
    pub(super) fn fields(fields: &[(&'static str, String)]) -> Self {
        let named: serde_json::Map<_, _> =
            fields.iter().map(|(name, why)| ((*name).to_owned(), json!(why))).collect();
        let sentence: Vec<_> = fields.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", sentence.join("; "))
            .with_details(Value::Object(named))
    }

    /// 404: is not there, or is not yours; nobody learns which (S20).
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 460 of the tus checksum extension.
    pub(super) fn checksum_mismatch() -> Self {
        let status = StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
        let message = "the piece is not what its checksum says; it was dropped, send it again";
        Self::new(status, "checksum_mismatch", message)
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    pub(super) fn with_details(mut self, details: Value) -> Self {
        self.0.details = details;
        self
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers.insert(name, value.into());
        self
    }

    /// Says when to ask again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds)
    }

    /// The code, the sentence and the details, without an answer around them.
    pub(super) fn into_reason(self) -> (&'static str, String, Value) {
        let Told { code, message, details, .. } = *self.0;
        (code, message, details)
    }

    fn envelope(self, request_id: String) -> ErrorAnswer {
        let Told { status, code, message, details, .. } = *self.0;
        let (code, error) = (status.as_u16(), code.to_owned());
        ErrorAnswer {
            status: "error".to_owned(),
            data: ErrorData { message, code, error, request_id, details },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.0.status, self.0.headers.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the envelope around whatever problem the handlers below came back with.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        // Texts, a number and a JSON value: these can always be written.
        let body = serde_json::to_string(&problem.envelope(id)).unwrap_or_default();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = Body::from(body);
    }
    response
}

/// What a panic becomes: the process lives, and the phone is told to come back (S68).
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    internal().into_response()
}

/// 503: something behind the service is away, and comes back.
pub(super) fn away(cause: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::warn!(error = %error_chain(cause), "away");
    unavailable("the service is away for a moment; ask again")
}

/// The same, where the cause has been logged and the sentence says more.
pub(super) fn unavailable(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", message)
        .retry_after(SECONDS_AWAY)
}

/// 500: ours to mend.
pub(super) fn internal() -> Problem {
    let message = "something is broken on our side; the request id helps us to find it";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
}

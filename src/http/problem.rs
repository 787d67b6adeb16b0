//! Problems: the responses that report an error, with a status, a stable code, a sentence and details.
//!
//! A handler returns a [`Problem`]; [`render`] knows the request's id and writes the documented
//! envelope around it.

use axum::body::Body;
use axum::extract::Request;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error_code::ErrorCode;
use super::message::{Message, requested_language};
use super::request_id;
use crate::model::texts::{Language, text};
use crate::model::{MaybeTransient, error_chain};

/// 1C's routes are for developers and always respond in English.
const ONEC_ROUTES: &str = "/1c/";

/// `Retry-After` while the database or the store is unavailable, in seconds.
const UNAVAILABLE_RETRY: u64 = 5;

/// The envelope of every problem.
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
    /// A sentence for a person: in the language of `Accept-Language` (`ru` by default, `kk`, `en`) where
    /// drivers and companies read it, in English where developers do.
    message: String,
    /// The HTTP status.
    #[schema(example = 404)]
    code: u16,
    /// The stable code for programs.
    #[schema(value_type = String, example = "not_found")]
    error: ErrorCode,
    /// Identifies this request in our log.
    request_id: String,
    /// Which field is wrong and why, or other facts about the problem.
    #[schema(value_type = Object)]
    details: Value,
}

/// An error that is reported to the client.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: ErrorCode,
    message: Message,
    details: Value,
    headers: HeaderMap,
}

impl Problem {
    /// A problem with the usual status of its code.
    pub(super) fn new(code: ErrorCode, message: impl Into<Message>) -> Self {
        Self(Box::new(Parts {
            status: code.status(),
            code,
            message: message.into(),
            details: json!({}),
            headers: HeaderMap::new(),
        }))
    }

    /// 400: the request cannot be read.
    pub(super) fn unreadable(message: impl Into<Message>) -> Self {
        Self::new(ErrorCode::ValidationFailed, message).with_status(StatusCode::BAD_REQUEST)
    }

    /// 422: the request can be read, but one or more fields are not acceptable.
    pub(super) fn fields(fields: &[(&'static str, String)]) -> Self {
        let details: serde_json::Map<_, _> =
            fields.iter().map(|(name, why)| ((*name).to_owned(), json!(why))).collect();
        let message: Vec<_> = fields.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        Self::new(ErrorCode::ValidationFailed, message.join("; "))
            .with_details(Value::Object(details))
    }

    /// [`Problem::fields`] for a single field.
    pub(super) fn field(name: &'static str, why: impl Into<String>) -> Self {
        Self::fields(&[(name, why.into())])
    }

    /// 404: it does not exist, or belongs to somebody else; the response does not tell which.
    pub(super) fn not_found(message: impl Into<Message>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// 460 of the tus checksum extension.
    pub(super) fn checksum_mismatch() -> Self {
        let message = "the bytes do not match Upload-Checksum and were discarded; send them again";
        Self::new(ErrorCode::ChecksumMismatch, message)
    }

    /// 405; the router adds `Allow`.
    pub(super) fn method_not_allowed() -> Self {
        let message = "this path does not support the method; see Allow";
        Self::new(ErrorCode::MethodNotAllowed, message)
    }

    pub(super) fn code(&self) -> ErrorCode {
        self.0.code
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

    /// Closes the connection, because the rest of the request body will not be read.
    pub(super) fn closing(self) -> Self {
        self.with_header(header::CONNECTION, HeaderValue::from_static("close"))
    }

    /// Sets `Retry-After`.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds)
    }

    /// The code, the sentence and the details, for a response that lists several problems.
    pub(super) fn into_reason(self, language: Language) -> (ErrorCode, String, Value) {
        let Parts { code, message, details, .. } = *self.0;
        (code, message.in_language(language), details)
    }

    fn envelope(self, language: Language, request_id: String) -> ErrorAnswer {
        let code = self.0.status.as_u16();
        let (error, message, details) = self.into_reason(language);
        let data = ErrorData { message, code, error, request_id, details };
        ErrorAnswer { status: "error".to_owned(), data }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::unreadable(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.0.status, self.0.headers.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes the envelope of the problem that a handler returned.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let id = request_id::of(request.headers());
    let is_onec = request.uri().path().starts_with(ONEC_ROUTES);
    let language = if is_onec { Language::English } else { requested_language(request.headers()) };
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if problem.0.message.is_translated() {
            add_language(response.headers_mut(), language);
        }
        // Strings, a number and a JSON value always serialize.
        let body = serde_json::to_string(&problem.envelope(language, id)).unwrap_or_default();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = Body::from(body);
    }
    response
}

/// Declares the language of a response that depends on `Accept-Language`.
pub(super) fn add_language(headers: &mut HeaderMap, language: Language) {
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
    headers.append(header::VARY, HeaderValue::from_static("accept-language"));
}

/// The response to a panic in a handler; the process goes on.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    internal().into_response()
}

/// 503: the database or the store is unavailable. Logs the cause.
pub(super) fn unavailable(cause: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::warn!(error = %error_chain(cause), "database or store unavailable");
    storage_unavailable()
}

/// The response to a failure of the database: 503 if a retry may succeed, else 500. Logs the cause.
pub(super) fn database_failure(error: &(impl MaybeTransient + 'static)) -> Problem {
    if error.is_transient() {
        return unavailable(error);
    }
    tracing::error!(error = %error_chain(error), "database statement failed");
    internal()
}

/// 503 without a log entry, where the caller has logged the cause.
pub(super) fn storage_unavailable() -> Problem {
    Problem::new(ErrorCode::StorageUnavailable, text!("problem.unavailable"))
        .retry_after(UNAVAILABLE_RETRY)
}

/// 500: an error on our side, which the caller has logged.
pub(super) fn internal() -> Problem {
    Problem::new(ErrorCode::Internal, text!("problem.internal"))
}

//! Request bodies: small ones that are read whole, and those that are streamed into an upload.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::upload;

use super::error_code::ErrorCode;
use super::problem::Problem;

/// Why a small body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Longer than `limit` bytes.
    TooLarge { limit: usize },
    /// It did not arrive in time.
    TooSlow,
    /// The client stopped before its end.
    Incomplete,
}

/// Reads a whole body of at most `limit` bytes that arrives within `time_limit`. A body that declares a
/// greater length is not read at all.
pub(super) async fn read_small(
    body: Body,
    limit: usize,
    time_limit: Duration,
) -> Result<Bytes, BodyError> {
    if usize::try_from(body.size_hint().lower()).is_ok_and(|announced| announced > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    let reading = Limited::new(body, limit).collect();
    match tokio::time::timeout(time_limit, reading).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(_)) => Err(BodyError::Incomplete),
        Err(_elapsed) => Err(BodyError::TooSlow),
    }
}

impl BodyError {
    /// For routes that respond with 400 instead of 408.
    pub(super) fn slow_as_incomplete(self) -> Self {
        if self == Self::TooSlow { Self::Incomplete } else { self }
    }
}

/// The rest of the body will not be read, so the connection is closed.
impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let problem = match error {
            BodyError::TooLarge { limit } => {
                let message = format!("the body is longer than {limit} bytes");
                Self::new(ErrorCode::BodyTooLarge, message)
            }
            BodyError::TooSlow => {
                let message = "the body did not arrive in time; send it again";
                Self::new(ErrorCode::BodyTooSlow, message)
            }
            BodyError::Incomplete => {
                Self::unreadable("the body ended before it was complete; send it again")
            }
        };
        problem.closing()
    }
}

/// Middleware: answers 415 to a compressed body; an empty body passes. No route decodes one, and its bytes would
/// be judged and stored as they came.
pub(super) async fn refuse_encoded(request: Request, next: Next) -> Response {
    if !is_encoded(request.headers()) || !has_bytes(request.body()) {
        return next.run(request).await;
    }
    let message = "Content-Encoding is not supported; send the body uncompressed";
    Problem::new(ErrorCode::UnsupportedEncoding, message)
        .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        .closing()
        .into_response()
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut encodings = lines.flat_map(|line| line.to_str().unwrap_or("?").split(','));
    encodings.any(|name| !matches!(name.trim().to_ascii_lowercase().as_str(), "" | "identity"))
}

/// Adapts a body for an upload, which treats any error as the end of the body.
pub(super) fn stream(body: Body) -> upload::Body {
    Box::pin(body.into_data_stream().map(|chunk| chunk.map_err(Into::into)))
}

/// Whether a body may have bytes. A body of unknown length counts as one that has.
pub(super) fn has_bytes(body: &Body) -> bool {
    !body.is_end_stream() && body.size_hint().exact() != Some(0)
}

/// `Content-Length`.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

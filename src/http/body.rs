//! Bodies on their way into the engine.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::upload;

use super::error_code::ErrorCode;
use super::problem::Problem;
use super::refusals::closing;

/// The body as the engine takes it. An error, whatever it was, is the end of what will come.
pub(super) fn stream(body: Body) -> upload::Body {
    Box::pin(body.into_data_stream().map(|piece| piece.map_err(Into::into)))
}

/// A whole small body: at most `limit` bytes, here within this time.
pub(super) async fn small(body: Body, limit: usize, within: Duration) -> Result<Bytes, Problem> {
    let reading = Limited::new(body, limit).collect();
    match tokio::time::timeout(within, reading).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long(limit)),
        Ok(Err(_)) => Err(Problem::unreadable("the body ended too early; send it again")),
        Err(_) => Err(too_slow()),
    }
}

pub(super) fn too_long(limit: usize) -> Problem {
    let message = format!("the body may have at most {limit} bytes");
    closing(Problem::new(ErrorCode::BodyTooLarge, message))
}

pub(super) fn too_slow() -> Problem {
    let message = "the body came too slowly; send it again";
    closing(Problem::new(ErrorCode::BodyTooSlow, message))
}

/// Whether a request brings bytes along.
pub(super) fn has_bytes(body: &Body) -> bool {
    !body.is_end_stream() && body.size_hint().exact() != Some(0)
}

/// How many bytes a body announces, when it does.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

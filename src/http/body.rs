//! Bodies on their way into the engine.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use http_body::Body as _;

use crate::upload;

/// The body as the engine takes it. An error, whatever it was, is the end of what will come.
pub(super) fn stream(body: Body) -> upload::Body {
    Box::pin(body.into_data_stream().map(|piece| piece.map_err(Into::into)))
}

/// Whether a request brings bytes along.
pub(super) fn has_bytes(body: &Body) -> bool {
    !body.is_end_stream() && body.size_hint().exact() != Some(0)
}

/// How many bytes a body announces, when it does.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

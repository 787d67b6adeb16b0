//! The id of a request, in its log lines and in its response.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::Uuid;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const MAX_LENGTH: usize = 128;

/// Makes ids for requests that come without one.
#[derive(Clone, Copy)]
pub(super) struct MakeRandomId;

impl MakeRequestId for MakeRandomId {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        // Neither secret nor stored, so it need not come from `Clock` and `Random`.
        HeaderValue::from_str(&Uuid::new_v4().simple().to_string()).ok().map(RequestId::new)
    }
}

/// The id of a request. Requires that the layer which sets the header has run.
pub(super) fn of(headers: &HeaderMap) -> String {
    let id = headers.get(HEADER).and_then(|id| id.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// Whether a client's id can be written into logs and headers.
pub(super) fn is_safe(id: &HeaderValue) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.len() <= MAX_LENGTH && id.as_bytes().iter().all(is_plain)
}

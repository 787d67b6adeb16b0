//! Every request has an id, in its log lines and in its answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::Uuid;

/// Carries the id in both directions.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of somebody else that is taken over.
const LONGEST: usize = 128;

/// Makes ids for requests that came without one.
#[derive(Clone, Copy)]
pub(super) struct Fresh;

impl MakeRequestId for Fresh {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        // Not a secret and not kept: needs neither our clock nor our randomness.
        HeaderValue::from_str(&Uuid::new_v4().simple().to_string()).ok().map(RequestId::new)
    }
}

/// The id of a request, once it has one.
pub(super) fn of(headers: &HeaderMap) -> String {
    let id = headers.get(HEADER).and_then(|id| id.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// Whether an id that came along can be written into logs and answers.
pub(super) fn is_acceptable(id: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.len() <= LONGEST && id.as_bytes().iter().all(plain)
}

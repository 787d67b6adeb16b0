//! Assertions about error responses.

use axum::body::Body;
use axum::http::Response;
use serde_json::Value;

use super::service::{header, json};

/// Checks an error response: status, request id, envelope and code. Returns its `data`.
#[track_caller]
pub(crate) fn problem(
    response: Response<Body>,
    status: u16,
    code: &'static str,
) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    async move {
        let seen = response.status().as_u16();
        let id = header(&response, "x-request-id").to_owned();
        assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8", "{place}");
        let envelope = json(response).await;
        assert_eq!(seen, status, "{place}: {envelope}");
        assert_eq!(envelope["status"], "error", "{place}");
        assert_eq!(envelope["data"]["code"], status, "{place}");
        assert_eq!(envelope["data"]["error"], code, "{place}: {envelope}");
        assert!(!id.is_empty(), "{place}");
        assert_eq!(envelope["data"]["request_id"], id, "{place}");
        envelope["data"].clone()
    }
}

/// As [`problem`], for tus: it also has the protocol version, and an offset only with status 409, because
/// a client would take it for progress.
#[track_caller]
pub(crate) fn tus_problem(
    response: Response<Body>,
    status: u16,
    code: &'static str,
) -> impl Future<Output = Value> {
    let place = std::panic::Location::caller();
    assert_eq!(header(&response, "tus-resumable"), "1.0.0", "{place}");
    assert_eq!(response.headers().contains_key("upload-offset"), status == 409, "{place}");
    problem(response, status, code)
}

//! What every answer must have.

use axum::body::Body;
use axum::http::Response;
use serde_json::Value;

use super::service::{header, json};

/// Looks at a problem: its status, its id, its envelope and its code. Gives its `data`.
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

/// As [`problem`], on tus: says its version, and no offset that a client could take for progress.
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

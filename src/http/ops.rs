//! What operators' tools ask, on a listener of its own: `/metrics`, `/healthz`, `/readyz`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// What the listener shows; the app knows how to find it out.
pub trait Health: Send + Sync + 'static {
    /// The metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// What is away, if anything: `(part, why)`. Empty means ready.
    fn troubles(&self) -> impl Future<Output = Vec<(&'static str, String)>> + Send;
}

/// The routes of the operators' listener.
pub fn ops_router<H: Health>(health: Arc<H>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::<H>))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready::<H>))
        .with_state(health)
}

async fn metrics<H: Health>(State(health): State<Arc<H>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, health.metrics()).into_response()
}

async fn ready<H: Health>(State(health): State<Arc<H>>) -> Response {
    let troubles = health.troubles().await;
    let status = if troubles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts: serde_json::Map<_, _> =
        troubles.into_iter().map(|(part, why)| (part.to_owned(), json!(why))).collect();
    (status, Json(json!({ "ready": parts.is_empty(), "troubles": parts }))).into_response()
}

//! The listener for operators: `/metrics`, `/healthz`, `/readyz`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// The health of the process, which the app determines.
pub trait Health: Send + Sync + 'static {
    /// The metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// The failing parts, each with its cause. Empty means ready.
    fn failures(&self) -> impl Future<Output = BTreeMap<&'static str, String>> + Send;
}

/// The routes of the listener for operators.
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
    let failures = health.failures().await;
    let is_ready = failures.is_empty();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": is_ready, "failures": failures }))).into_response()
}

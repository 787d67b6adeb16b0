//! The listener for operators: `/metrics`, `/healthz`, `/readyz`, `/status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// The health of the process, which the app determines.
pub trait Health: Send + Sync + 'static {
    /// The metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// Why this node takes no bytes. Empty means ready. A failed database or store does not make a node
    /// unready: if no node were ready, clients would start their uploads again from byte 0.
    fn unready(&self) -> impl Future<Output = BTreeMap<&'static str, String>> + Send;

    /// Everything that the service depends on, with the cause if it fails.
    fn status(&self) -> impl Future<Output = BTreeMap<&'static str, Option<String>>> + Send;
}

/// The routes of the listener for operators.
pub fn ops_router<H: Health>(health: Arc<H>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::<H>))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready::<H>))
        .route("/status", get(status::<H>))
        .with_state(health)
}

async fn metrics<H: Health>(State(health): State<Arc<H>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, health.metrics()).into_response()
}

async fn ready<H: Health>(State(health): State<Arc<H>>) -> Response {
    let failures = health.unready().await;
    let is_ready = failures.is_empty();
    (status_of(is_ready), Json(json!({ "ready": is_ready, "failures": failures }))).into_response()
}

async fn status<H: Health>(State(health): State<Arc<H>>) -> Response {
    let checks = health.status().await;
    let is_ok = checks.values().all(Option::is_none);
    let rendered: BTreeMap<_, Value> = checks
        .into_iter()
        .map(|(name, cause)| (name, json!({ "ok": cause.is_none(), "cause": cause })))
        .collect();
    (status_of(is_ok), Json(json!({ "ok": is_ok, "checks": rendered }))).into_response()
}

const fn status_of(is_good: bool) -> StatusCode {
    if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

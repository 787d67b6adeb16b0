//! The OpenAPI document, and what is checked through it: that it tells the truth, that a machine
//! that knows only the document finds nothing to complain about, that each caller gets what is his.

mod client;
mod document;
mod language;
mod log;
mod matrix;
mod page;
mod schemathesis;
mod targets;

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::harness::service::{Service, json};

/// Methods an operation may have, as the document writes them.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// An operation of the document.
struct Operation {
    /// `GET /reports/{ref_key}/video`
    name: String,
    method: String,
    path: String,
    what: Value,
}

/// The document, as it is served.
async fn served(service: &Service) -> Value {
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    json(service.send(request).await).await
}

/// Every operation of a document.
fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, what) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                let (method, path, what) = (method.to_uppercase(), path.clone(), what.clone());
                operations.push(Operation { name: format!("{method} {path}"), method, path, what });
            }
        }
    }
    operations
}

/// This folder, where the programs of other languages are.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forte/contract")
}

//! The OpenAPI document, and checks driven by it: the router agrees with it, schemathesis finds no
//! deviation, a generated client works, and each caller has exactly its access rights.

mod access;
mod client;
mod dates;
mod docs_page;
mod document;
mod language;
mod log_check;
mod schemathesis;
mod targets;

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::harness::service::{Service, json};

/// The methods of operations, as the document spells them.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// An operation of the document.
struct Operation {
    /// `GET /reports/{ref_key}/video`
    name: String,
    method: String,
    path: String,
    /// The operation object.
    description: Value,
}

/// The document as the service returns it.
async fn served(service: &Service) -> Value {
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    json(service.send(request).await).await
}

/// Every operation of a document.
fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, description) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                let (method, path) = (method.to_uppercase(), path.clone());
                let (name, description) = (format!("{method} {path}"), description.clone());
                operations.push(Operation { name, method, path, description });
            }
        }
    }
    operations
}

/// This folder, which also holds the client and the hooks in other languages.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forte/contract")
}

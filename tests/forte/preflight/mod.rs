//! `POST /uploads/preflight`, and the cache of refused videos.

mod limits;
mod remembered;
mod verdicts;

use axum::body::Body;
use axum::http::Response;
use forte_media::model::RefKey;
use sha2::{Digest as _, Sha256};

use crate::harness::service::{Service, header};
use crate::harness::tus;

/// The hash that an app declares.
fn sha256(file: &[u8]) -> String {
    hex::encode(Sha256::digest(file))
}

/// Creates an upload, with a declared hash if there is one.
async fn create(
    service: &Service,
    ref_key: RefKey,
    length: usize,
    declared: Option<&str>,
) -> Response<Body> {
    let mut metadata = tus::metadata(ref_key);
    if let Some(declared) = declared {
        metadata = format!("{metadata},{}", tus::encoded(&[("sha256", declared)]));
    }
    let creation = tus::request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", length)
        .header("Upload-Metadata", metadata);
    service.send(creation.body(Body::empty()).unwrap()).await
}

/// Sends a file with tus; the last response.
async fn sent(
    service: &Service,
    ref_key: RefKey,
    file: &[u8],
    declared: Option<&str>,
) -> Response<Body> {
    let created = create(service, ref_key, file.len(), declared).await;
    if created.status() != 201 {
        return created;
    }
    let path = tus::path_of(header(&created, "location"));
    tus::patch(service, &path, 0, file.to_vec()).await
}

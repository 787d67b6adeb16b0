//! `POST /uploads/preflight`, and what is remembered of refused bytes: nobody pays twice for a "no".

mod remembered;
mod limits;
mod verdicts;

use axum::body::Body;
use axum::http::Response;
use forte_media::model::RefKey;
use sha2::{Digest as _, Sha256};

use crate::harness::service::{Service, header};
use crate::harness::tus;

/// What an app announces of a file.
fn sha256(file: &[u8]) -> String {
    hex::encode(Sha256::digest(file))
}

/// Begins an upload by tus, with a hash if there is one.
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

/// Sends a file by tus, with a hash if there is one; the answer to the last request.
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

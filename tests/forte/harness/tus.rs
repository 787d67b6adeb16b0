//! tus requests for tests.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{RefKey, UploadId};

use super::service::{Service, header};

/// `Upload-Metadata` of a correct client.
pub(crate) fn metadata(ref_key: RefKey) -> String {
    let ref_key = ref_key.to_string();
    let pairs = [
        ("ref_key", ref_key.as_str()),
        ("time_sent", "2026-05-13 10:00:00"),
        ("lat", "43.238949"),
        ("long", "76.889709"),
        ("filename", "осмотр.mp4"),
        ("filetype", "video/mp4"),
    ];
    encoded(&pairs)
}

/// Pairs in the format of `Upload-Metadata`.
pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

/// A request with the protocol version.
pub(crate) fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(path).header("Tus-Resumable", "1.0.0")
}

/// The path of an absolute URL.
pub(crate) fn path_of(location: &str) -> String {
    location.parse::<url::Url>().unwrap().path().to_owned()
}

/// A creation by a correct client for a file of `length` bytes.
pub(crate) fn creation(service: &Service, ref_key: RefKey, length: usize) -> Builder {
    request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", length)
        .header("Upload-Metadata", metadata(ref_key))
}

/// Creates an upload and returns its path.
pub(crate) async fn create(service: &Service, ref_key: RefKey, length: usize) -> String {
    let creation = creation(service, ref_key, length).body(Body::empty()).unwrap();
    let response = service.send(creation).await;
    assert_eq!(response.status(), 201);
    path_of(header(&response, "location"))
}

/// A PATCH.
pub(crate) fn patch_request(path: &str, offset: usize, body: impl Into<Body>) -> Request<Body> {
    request("PATCH", path)
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Offset", offset)
        .body(body.into())
        .unwrap()
}

/// Sends a PATCH.
pub(crate) async fn patch(
    service: &Service,
    path: &str,
    offset: usize,
    body: impl Into<Body>,
) -> Response<Body> {
    service.send(patch_request(path, offset, body)).await
}

/// Sends a HEAD.
pub(crate) async fn head(service: &Service, path: &str) -> Response<Body> {
    service.send(request("HEAD", path).body(Body::empty()).unwrap()).await
}

/// Sends a HEAD and returns the offset.
pub(crate) async fn offset(service: &Service, path: &str) -> usize {
    let response = head(service, path).await;
    assert_eq!(response.status(), 200);
    header(&response, "upload-offset").parse().unwrap()
}

/// Sends a request with the owner's token and no body.
pub(crate) async fn by_owner(service: &Service, method: &str, path: &str) -> Response<Body> {
    let request = request(method, path)
        .header("Authorization", format!("Bearer {}", service.driver()))
        .body(Body::empty());
    service.send(request.unwrap()).await
}

pub(crate) fn id_of(path: &str) -> UploadId {
    let name = path.trim_start_matches("/uploads/");
    name.split('.').next().unwrap().parse().unwrap()
}

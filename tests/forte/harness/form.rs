//! Multipart forms, correct and malformed.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use forte_media::model::RefKey;

use super::service::Service;

/// The boundary of the forms, which occurs in no clip.
pub(crate) const BOUNDARY: &str = "----a-boundary-that-is-nowhere-else";

#[derive(Clone, Default)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The four required fields.
    pub(crate) fn of(ref_key: RefKey) -> Self {
        Self::new()
            .text("ref_key", &ref_key.to_string())
            .text("time_sent", "2026-05-13 10:00:00")
            .text("lat", "43.238949")
            .text("long", "76.889709")
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    pub(crate) fn file(self, bytes: &[u8]) -> Self {
        let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"осмотр.mp4\"";
        self.part(&format!("{disposition}\r\nContent-Type: video/mp4"), bytes)
    }

    pub(crate) fn part(self, head: &str, bytes: &[u8]) -> Self {
        Self([&self.open(head), bytes, b"\r\n"].concat())
    }

    /// The headers of a part without its bytes.
    pub(crate) fn open(mut self, head: &str) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.0
    }

    /// The complete form.
    pub(crate) fn done(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}

/// A POST of a form.
pub(crate) fn request(service: &Service, uri: &str) -> Builder {
    Request::post(uri)
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
}

/// Sends a form with a video.
pub(crate) async fn send(service: &Service, body: impl Into<Body>) -> Response<Body> {
    service.send(request(service, "/reports/upload").body(body.into()).unwrap()).await
}

//! The documented form, as a phone's HTTP library writes it, or as it should not.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use forte_media::model::RefKey;

use super::service::Service;

/// Not in any clip.
pub(crate) const BOUNDARY: &str = "----a-boundary-that-is-nowhere-else";

/// A form being written.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    /// An empty form.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The four fields of the document.
    pub(crate) fn of(ref_key: RefKey) -> Self {
        Self::new()
            .text("ref_key", &ref_key.to_string())
            .text("time_sent", "2026-05-13 10:00:00")
            .text("lat", "43.238949")
            .text("long", "76.889709")
    }

    /// A text field.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    /// The file.
    pub(crate) fn file(self, bytes: &[u8]) -> Self {
        let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"осмотр.mp4\"";
        self.part(&format!("{disposition}\r\nContent-Type: video/mp4"), bytes)
    }

    /// Any part.
    pub(crate) fn part(self, head: &str, bytes: &[u8]) -> Self {
        Self([&self.open(head), bytes, b"\r\n"].concat())
    }

    /// The beginning of a part, whose bytes are to follow.
    pub(crate) fn open(mut self, head: &str) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.0
    }

    /// The whole form, with its end.
    pub(crate) fn done(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}

/// A request to the documented door.
pub(crate) fn request(service: &Service, uri: &str) -> Builder {
    Request::post(uri)
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
}

/// Sends a form.
pub(crate) async fn send(service: &Service, body: impl Into<Body>) -> Response<Body> {
    service.send(request(service, "/reports/upload").body(body.into()).unwrap()).await
}

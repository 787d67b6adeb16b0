//! What the operations of the document are asked about, and requests for it: good ones, so that what
//! comes of them depends on who asks.

use axum::body::Body;
use axum::http::Request;
use forte_media::model::RefKey;

use super::Operation;
use crate::harness::clips::GOOD;
use crate::harness::form::{BOUNDARY, Form};
use crate::harness::service::Service;
use crate::harness::tus;

/// Things of the driver's company, by the names they have in addresses.
pub(super) struct Targets {
    /// A report that awaits a video.
    open: RefKey,
    path: Vec<(&'static str, String)>,
}

impl Targets {
    /// New ones, of which nobody has asked yet.
    pub(super) async fn fresh(service: &Service) -> Self {
        let (open, filmed) = (service.report().await, service.report().await);
        let submitted = tus::create(service, filmed, GOOD.len()).await;
        tus::patch(service, &submitted, 0, GOOD).await;
        let upload = tus::create(service, open, GOOD.len()).await;
        let name = upload.rsplit_once('/').unwrap().1.to_owned();
        Self { open, path: Self::paths(filmed, name) }
    }

    /// As [`Self::fresh`], but none of them is there.
    pub(super) fn of_nothing(service: &Service) -> Self {
        let house = &service.ruins.house;
        let key = || RefKey::mint(&house.clock, &house.random);
        let name = format!("{}.{}", key(), "A".repeat(22));
        Self { open: key(), path: Self::paths(key(), name) }
    }

    fn paths(filmed: RefKey, name: String) -> Vec<(&'static str, String)> {
        vec![
            ("ref_key", filmed.to_string()),
            ("name", name),
            ("signed", "none".to_owned()),
            ("file", "start.js".to_owned()),
            ("biin", "080540013184".to_owned()),
            ("id", "019e1ee4-f400-7000-8000-000000000002".to_owned()),
        ]
    }
}

/// A good request for an operation.
pub(super) fn filled(operation: &Operation, targets: &Targets) -> Request<Body> {
    let mut path = operation.path.clone();
    for (name, value) in &targets.path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    assert!(!path.contains('{'), "{}: nothing to put into it", operation.name);
    let request = Request::builder().method(operation.method.as_str()).uri(path);
    let request = request.header("Tus-Resumable", "1.0.0");
    match operation.name.as_str() {
        "POST /uploads" => request
            .header("Upload-Length", GOOD.len())
            .header("Upload-Metadata", tus::metadata(targets.open))
            .body(Body::empty()),
        "PATCH /uploads/{name}" => request
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", 0)
            .body(GOOD[..100].into()),
        "POST /reports/upload" => request
            .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(Form::of(targets.open).file(GOOD).done().into()),
        _ => with_example(operation, request),
    }
    .unwrap()
}

/// The document's own example, where it has one.
fn with_example(
    operation: &Operation,
    request: axum::http::request::Builder,
) -> axum::http::Result<Request<Body>> {
    let example = operation.what.pointer("/requestBody/content/application~1json/example");
    match example {
        None => request.body(Body::empty()),
        Some(body) => {
            request.header("Content-Type", "application/json").body(body.to_string().into())
        }
    }
}

/// What 1C shows.
pub(super) async fn exchange(_service: &Service) -> String {
    "Basic b2ZmaWNlLTFjOnBhc3N3b3JkLWNhbmFyeQ==".to_owned()
}

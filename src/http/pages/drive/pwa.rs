//! The manifest and the service worker, which make the page an installable app (PWA).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::http::pages::assets;
use crate::http::pages::language::language_of;
use crate::http::pages::texts::Texts;
use crate::http::problem::Problem;

pub(super) const MANIFEST: &str = "/drive/manifest.webmanifest";
pub(super) const WORKER: &str = "/drive/worker.js";

const SCOPE: &str = "/drive";
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

pub(super) async fn manifest(headers: HeaderMap) -> Response {
    let texts = Texts::new(language_of(&headers, None));
    let icon = json!({
        "src": assets::url("shared/icon.svg"),
        "sizes": "any",
        "type": "image/svg+xml",
        "purpose": "any",
    });
    let manifest = json!({
        "id": SCOPE,
        "name": texts.get("app.drive"),
        "short_name": texts.get("drive.title"),
        "lang": texts.language,
        "start_url": SCOPE,
        "scope": SCOPE,
        "display": "standalone",
        "background_color": "#f4f5f7",
        "theme_color": "#ffffff",
        "icons": [icon],
    });
    let kind = "application/manifest+json";
    // Private, because the language of the names depends on a cookie.
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache, private")];
    (headers, manifest.to_string()).into_response()
}

/// The service worker. Without `Service-Worker-Allowed` its scope would not include `/drive` itself.
pub(super) async fn worker(headers: HeaderMap) -> Result<Response, Problem> {
    let worker = assets::find("drive/worker.js");
    let worker = worker.ok_or_else(|| Problem::not_found("this path does not exist"))?;
    let mut response = worker.response(&headers, false);
    let headers = response.headers_mut();
    headers.insert(SERVICE_WORKER_ALLOWED, HeaderValue::from_static(SCOPE));
    let policy = HeaderValue::from_static("default-src 'none'; connect-src 'self'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

//! The OpenAPI 3.1 document. Each handler describes its own route (`#[utoipa::path]`); this module has
//! the frame of the document, and `complete` adds what is the same for all routes.

mod complete;
mod examples;
mod page;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use serde_json::{Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::AppState;
use super::error_code::ErrorCode;
use crate::model::{TypeCode, VehicleGuid};

pub(super) use page::WITH_SLASH as PAGE_WITH_SLASH;

/// The document without the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "forte-media", description = "The ForteLeasing API and resumable uploads"),
    paths(document, page::page, page::asset),
    components(schemas(super::problem::ErrorAnswer, VehicleGuid, TypeCode)),
    modifiers(&Schemes),
    tags(
        (name = "sign-in", description = "One-time codes, tokens, devices"),
        (name = "lists", description = "Reports, vehicles, employees"),
        (name = "upload", description = "Uploads of videos: the form of the ForteLeasing API, and tus 1.0"),
        (name = "review", description = "Viewing videos and deciding on reports"),
        (name = "1c", description = "The exchange of data with 1C"),
        (name = "document", description = "This document, as JSON and as a page"),
    )
)]
pub(super) struct Frame;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemes = &mut document.components.get_or_insert_default().security_schemes;
        let http = |scheme| SecurityScheme::Http(Http::new(scheme)).into();
        schemes.insert("access_token".to_owned(), http(HttpAuthScheme::Bearer));
        schemes.insert("exchange".to_owned(), http(HttpAuthScheme::Basic));
        schemes.insert("refresh_token".to_owned(), http(HttpAuthScheme::Bearer));
        schemes.insert("one_time_code".to_owned(), http(HttpAuthScheme::Basic));
    }
}

/// The first sentence. The rest is folded, so that the routes are visible when the page opens.
const INTRODUCTION: &str = "\
The ForteLeasing API as documented by its owner, with additions: resumable uploads, the exchange of \
data with 1C, decisions on reports.";

/// The conventions of every route.
const CONVENTIONS: &str = "\
A successful response is `{\"status\":\"ok\",\"data\":{\"message\",\"code\",…}}`, a problem is \
`{\"status\":\"error\",\"data\":{\"message\",\"code\",\"error\",\"request_id\",\"details\"}}`, where \
`code` is the HTTP status. Programs should use `error`: codes may be added, none is ever renamed. \
`message` is a sentence for a person. Sentences for drivers and companies are in the language of \
`Accept-Language`: `ru` (the default), `kk` or `en`; `Content-Language` says which. Sentences for \
developers, and all that the owner's document prints, are never translated.

Every response has `X-Request-Id`; the client may choose it. An unknown path is answered with 404 \
`not_found`, a method that a path does not support with 405 `method_not_allowed` and `Allow`. If a \
response has `Retry-After`, the request can be sent again after that many seconds.";

/// The base of the routes relative to the address of the document.
const RELATIVE: &str = "./";

/// The finished document. `public_url` is the base of its routes.
pub(super) fn finished(routes: &utoipa::openapi::OpenApi, public_url: Option<&str>) -> Value {
    let mut document = json!(routes);
    document["servers"] = json!([{ "url": public_url.unwrap_or(RELATIVE) }]);
    document["info"]["description"] = json!(introduction());
    complete::complete(&mut document);
    document
}

fn introduction() -> String {
    let conventions = folded("Conventions of every route", CONVENTIONS);
    let codes = folded("Error codes", &code_table());
    format!("{INTRODUCTION}\n\n{conventions}\n\n{codes}")
}

/// A collapsed section. The blank lines switch from HTML back to Markdown.
fn folded(title: &str, text: &str) -> String {
    format!("<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>")
}

fn code_table() -> String {
    let row = |code: &ErrorCode| format!("| `{}` | {} |", code.as_str(), code.meaning());
    let rows: Vec<_> = ErrorCode::ALL.iter().map(row).collect();
    format!("| code | meaning |\n|---|---|\n{}", rows.join("\n"))
}

/// The routes of the document itself, which is serialized once.
pub(super) fn routes(document: &Value) -> OpenApiRouter<Arc<AppState>> {
    let text: Bytes = document.to_string().into();
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    OpenApiRouter::new()
        .route("/openapi.json", get(async move || (kind, text)))
        .merge(page::routes())
}

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi_document",
    tag = "document",
    responses((
        status = 200,
        description = "OpenAPI 3.1",
        content_type = "application/json",
        body = Value,
        example = json!({ "openapi": "3.1.0" }),
    ))
)]
#[expect(dead_code, reason = "only describes the route")]
fn document() {}

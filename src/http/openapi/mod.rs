//! The OpenAPI 3.1 document. Each route says of itself what it takes and answers
//! (`#[utoipa::path]` at its handler); here is what stands around them, and what is the same for all
//! of them ([`complete`](fn@complete::complete)).

mod complete;
mod examples;
mod page;

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::AppState;
use super::error_code::ErrorCode;
use crate::model::{TypeCode, VehicleGuid};

/// What stands around the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "forte-media", description = "The ForteLeasing API, and resumable uploads"),
    paths(document, page::page, page::asset),
    components(schemas(super::problem::ErrorAnswer, VehicleGuid, TypeCode)),
    modifiers(&Schemes),
    tags(
        (name = "sign-in", description = "One-time codes, tokens, devices (E1–E3)"),
        (name = "lists", description = "Reports, vehicles, employees (E4–E8, E10, E11)"),
        (name = "upload", description = "The documented form (E9), and tus 1.0"),
        (name = "review", description = "Watching and deciding"),
        (name = "1c", description = "The exchange with 1C (E12)"),
        (name = "document", description = "This document, for programs and for people"),
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

/// What is true of every route, at the head of the document.
const FOREWORD: &str = "\
The ForteLeasing API as its owner's document has it, and what that leaves out: resumable uploads, \
the exchange with 1C, decisions.

Good answers are `{\"status\":\"ok\",\"data\":{\"message\",\"code\",…}}`, problems \
`{\"status\":\"error\",\"data\":{\"message\",\"code\",\"error\",\"request_id\",\"details\"}}`; `code` \
is the HTTP status once more. Programs look at `error`: its codes are never renamed, new ones may \
come. Every answer has `X-Request-Id`; one that is sent along is kept.

An address that is not there answers 404 `not_found`, a method it does not know 405 \
`method_not_allowed` with `Allow`. Whatever has `Retry-After` is worth asking for again.";

/// The finished document; `public_url` is where its routes are to be found.
pub(super) fn finished(routes: &utoipa::openapi::OpenApi, public_url: &str) -> Value {
    let mut document = json!(routes);
    document["servers"] = json!([{ "url": public_url }]);
    document["info"]["description"] = json!(format!("{FOREWORD}\n\n{}", codes()));
    complete::complete(&mut document);
    document
}

/// The table of all codes.
fn codes() -> String {
    let row = |code: &ErrorCode| format!("| `{}` | {} |", code.as_str(), code.meaning());
    let rows: Vec<_> = ErrorCode::ALL.iter().map(row).collect();
    format!("| code | meaning |\n|---|---|\n{}", rows.join("\n"))
}

/// The routes of the document itself. It is written once, for all who ask.
pub(super) fn routes(document: &Value) -> OpenApiRouter<Arc<AppState>> {
    let written: Arc<str> = document.to_string().into();
    OpenApiRouter::new()
        .route("/openapi.json", get(async move || answer(&written)))
        .merge(page::routes())
}

fn answer(written: &Arc<str>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (kind, written.to_string()).into_response()
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

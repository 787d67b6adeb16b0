//! `/docs`: the document as a page. All its files are in the binary, and its policy forbids the browser
//! to load anything from other hosts and to run inline scripts.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::Config;

use crate::http::AppState;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;

/// Swagger UI sets styles on elements, so only styles may be inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const START_SCRIPT: &str = include_str!("start.js");

/// The files of Swagger UI that the page uses: not its own start script, which loads an example from
/// another host.
const VENDORED: [&str; 4] =
    ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png"];

/// Redirected, because the addresses in the page are relative.
pub(in crate::http) const WITH_SLASH: &str = "/docs/";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .route("/docs", get(show_page))
        .route(WITH_SLASH, get(async || Redirect::permanent("../docs")))
        .route("/docs/{file}", get(send_file))
}

async fn show_page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE).into_response()
}

async fn send_file(PathParam(name): PathParam<String>) -> Result<Response, Problem> {
    let no_such_file = || Problem::not_found("the page has no such file");
    let name = name.ok_or_else(no_such_file)?;
    if name == "start.js" {
        let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
        return Ok((kind, START_SCRIPT).into_response());
    }
    if !VENDORED.contains(&name.as_str()) {
        return Err(no_such_file());
    }
    let found = utoipa_swagger_ui::serve(&name, Arc::new(Config::from("../openapi.json")));
    let found = found.ok().flatten().ok_or_else(no_such_file)?;
    let mut headers = HeaderMap::new();
    // The files change only with the binary.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    if let Ok(kind) = HeaderValue::from_str(&found.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if found.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok((StatusCode::OK, headers, found.bytes.into_owned()).into_response())
}

/// This document as a page
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "docs",
    tag = "document",
    responses((
        status = 200,
        description = "The page. It loads nothing from other hosts.",
        content_type = "text/html",
        body = String,
        example = "<!doctype html>…",
    ))
)]
#[expect(dead_code, reason = "only describes the route")]
pub(super) fn page() {}

/// A file of the page
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "docs_file",
    tag = "document",
    params(("file" = String, Path, description = "The file name", example = "start.js")),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/css"),
            (String = "text/javascript"),
            (String = "image/png"),
        )),
    )
)]
#[expect(dead_code, reason = "only describes the route")]
pub(super) fn asset() {}

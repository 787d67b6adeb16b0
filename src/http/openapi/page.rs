//! `/docs`: the document for people. Everything the page is made of comes from the binary; the
//! browser is told to load nothing from elsewhere and to run nothing that stands in the page.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::Config;

use crate::http::AppState;
use crate::http::problem::Problem;

/// Styles are set on elements by the page's own script, so they may be inline; nothing else may.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const START: &str = include_str!("start.js");

/// What is taken of the library's own page: not its start, which would look for documents elsewhere.
const VENDORED: [&str; 4] =
    ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png"];

/// The page and what it is made of.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    let files = Arc::new(Config::from("../openapi.json"));
    OpenApiRouter::new()
        .route("/docs", get(async || show()))
        .route("/docs/", get(async || Redirect::permanent("../docs")))
        .route(
            "/docs/{file}",
            get(
                async move |State(_): State<Arc<AppState>>,
                            name: Result<Path<String>, PathRejection>| {
                    file(name, &files)
                },
            ),
        )
}

fn show() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE).into_response()
}

fn file(
    name: Result<Path<String>, PathRejection>,
    files: &Arc<Config<'static>>,
) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("there is nothing here");
    let Path(name) = name.map_err(|_| nothing())?;
    if name == "start.js" {
        return Ok(
            ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response()
        );
    }
    if !VENDORED.contains(&name.as_str()) {
        return Err(nothing());
    }
    let found = utoipa_swagger_ui::serve(&name, Arc::clone(files)).ok().flatten();
    let found = found.ok_or_else(nothing)?;
    let mut headers = HeaderMap::new();
    // It changes with the binary only; the page asks again after an hour.
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
        description = "The page; it loads nothing from elsewhere",
        content_type = "text/html",
        body = String,
        example = "<!doctype html>…",
    ))
)]
#[expect(dead_code, reason = "only describes the route")]
pub(super) fn page() {}

/// What the page is made of
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "docs_file",
    tag = "document",
    params(("file" = String, Path, description = "Its name", example = "start.js")),
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

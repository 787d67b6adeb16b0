//! The page that a film link opens. Its script reads the secret from the URL's fragment, exchanges it for a cookie
//! and opens the report.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::json;

use super::shell::shell;
use crate::http::AppState;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::problem::Problem;

#[derive(Template)]
#[template(path = "drive/link.html")]
struct LinkTemplate {
    page: Shell,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let page = shell(&state, (&headers, &uri), None, json!({"kind": "film"}));
    html(PagePermissions::Film, None, &LinkTemplate { page })
}

//! The sign-in page of drivers: first the company and the driver, then the mailed code. Its script requests the
//! code like the app and exchanges it at `/drive/session`.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::shell::shell;
use crate::http::AppState;
use crate::http::browser_session::{DrivePage, NoSession};
use crate::http::pages::language::see_other;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::problem::Problem;
use crate::model::BrowserKind;

const LIST: &str = "/drive";
const REPORTS: &str = "/drive/report/";

#[derive(Template)]
#[template(path = "drive/sign_in.html")]
struct SignInTemplate {
    page: Shell,
    /// The notice that the session has expired; empty otherwise.
    expired: String,
}

#[derive(Deserialize)]
pub(super) struct SignInQuery {
    next: Option<String>,
    expired: Option<String>,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    signed_in: Result<DrivePage, NoSession>,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<SignInQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let next = query.next.filter(|next| is_page(next)).unwrap_or_else(|| LIST.to_owned());
    // With only a film link's session, a driver may still sign in.
    if signed_in.is_ok_and(|DrivePage(session)| session.kind == BrowserKind::Drive) {
        return Ok(see_other(&next));
    }
    let data = json!({
        "kind": BrowserKind::Drive,
        "next": next,
        "attempts": state.auth.code_attempts(),
    });
    let page = shell(&state, (&headers, &uri), None, data);
    let idle = page.texts.duration(state.browsers.idle_limit(BrowserKind::Drive));
    let expired = query.expired.map(|_| page.texts.with("signin.expired", "time", idle));
    html(
        PagePermissions::Film,
        None,
        &SignInTemplate { page, expired: expired.unwrap_or_default() },
    )
}

/// Whether a path is a driver's page to which the sign-in may redirect.
fn is_page(path: &str) -> bool {
    path == LIST || path.starts_with(REPORTS)
}

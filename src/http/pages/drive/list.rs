//! The list of reports: those to film, and those that were sent.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::json;

use super::report::path_of;
use super::shell::shell;
use super::views::ListedReport;
use crate::http::AppState;
use crate::http::browser_session::DrivePage;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::problem::{self, Problem};

#[derive(Template)]
#[template(path = "drive/list.html")]
struct ListTemplate {
    page: Shell,
    name: String,
    csrf: String,
    todo: Vec<ListedReport>,
    sent: Vec<ListedReport>,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    DrivePage(session): DrivePage,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    if let Some(link) = &session.film_link {
        return Ok(Redirect::to(&path_of(link.report)).into_response());
    }
    let todo = state.leasing.reports_to_film(&session.person).await;
    let todo = todo.map_err(|error| problem::database_failure(&error))?;
    let sent = state.leasing.reports_sent(&session.person).await;
    let sent = sent.map_err(|error| problem::database_failure(&error))?;
    // The service worker caches these pages, so that filming works without a network.
    let keep: Vec<_> = todo.iter().map(|report| path_of(report.ref_key)).collect();
    let page = shell(&state, (&headers, &uri), Some(&session), json!({"keep": keep}));
    let (texts, now) = (page.texts, state.review.now());
    let listed = |report| ListedReport::new(&state, texts, now, report);
    let template = ListTemplate {
        name: session.name.clone(),
        csrf: session.csrf.clone(),
        todo: todo.iter().map(listed).collect(),
        sent: sent.iter().map(listed).collect(),
        page,
    };
    html(PagePermissions::Film, None, &template)
}

//! The reviewer's browser sessions and preferences. The forms are sent to the routes in `browser_session`.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::json;

use super::console::{Console, Nav, Tab};
use crate::auth::BrowserRow;
use crate::http::AppState;
use crate::http::browser_session::ReviewPage;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::problem::{Problem, database_failure};

#[derive(Template)]
#[template(path = "review/sessions.html")]
struct SessionsTemplate {
    page: Shell,
    nav: Nav,
    rows: Vec<SessionView>,
    has_others: bool,
}

struct SessionView {
    id: String,
    browser: String,
    address: String,
    since: String,
    last: String,
    is_this: bool,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let rows = state.browsers.list(&session).await;
    let rows = rows.map_err(|error| database_failure(&error))?;
    let console = Console::open(&state, &headers, session).await?;
    let texts = console.texts;
    let context = console.view_context(&state);
    let moment = |at| texts.moment(&context.local(at));
    let view = |row: &BrowserRow| SessionView {
        id: row.id.to_string(),
        browser: row.browser.clone(),
        address: row.address.clone(),
        since: texts.with("sessions.since", "time", moment(row.created_at)),
        last: texts.with("sessions.last", "time", moment(row.seen_at)),
        is_this: row.id == console.session.id,
    };
    let template = SessionsTemplate {
        page: console.shell(&uri).with_data(&json!({
            "language": texts.language.as_str(),
            "texts": texts.object(&["common.", "decision.", "report."]),
            "counts": "/review/counts",
            "now": console.now.as_millisecond(),
            "person": console.reviewer.person.id.0,
        })),
        nav: console.nav(Tab::Sessions, console.void(&state).await?),
        rows: rows.iter().map(view).collect(),
        has_others: rows.len() > 1,
    };
    html(PagePermissions::Watch, None, &template)
}

//! The page of one report: instructions, filming, check and sending.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::shell::shell;
use super::views::ShownReport;
use crate::auth::BrowserSession;
use crate::http::AppState;
use crate::http::PositionPolicy;
use crate::http::browser_session::{DrivePage, FilmPage, NoSession};
use crate::http::pages::language::language_of;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::pages::texts::Texts;
use crate::http::problem::{self, Problem};
use crate::leasing::FilmReport;
use crate::model::{BrowserKind, RefKey};

const MEBIBYTE: u64 = 1 << 20;
/// The query of the address to which the page of a film link leads.
const BY_LINK: &str = "link";

#[derive(Template)]
#[template(path = "drive/report.html")]
struct ReportTemplate {
    page: Shell,
    report: ShownReport,
    /// Whether the session is that of a film link. The page then has no links to other pages.
    is_link: bool,
    tip_size: String,
    /// Label of the button that continues without a position.
    place_without: &'static str,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    driver: Result<DrivePage, NoSession>,
    link: Result<FilmPage, NoSession>,
    Path(ref_key): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let session = match driver {
        Ok(DrivePage(session)) => session,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let absent = || Problem::not_found("this report does not exist");
    let ref_key: RefKey = ref_key.parse().map_err(|_| absent())?;
    let link = link.ok().map(|FilmPage(session)| session);
    let sessions =
        if uri.query() == Some(BY_LINK) { [link, Some(session)] } else { [Some(session), link] };
    let found = find(&state, sessions, ref_key).await?;
    let (session, report) = found.ok_or_else(absent)?;
    render(&state, (&headers, &uri), &session, &report)
}

/// The first session that may see the report. A signed-in driver may have opened a film link for a report of another
/// driver; a video filmed by a link on that phone is not sent in the signed-in driver's name.
async fn find(
    state: &AppState,
    sessions: [Option<BrowserSession>; 2],
    ref_key: RefKey,
) -> Result<Option<(BrowserSession, FilmReport)>, Problem> {
    for session in sessions.into_iter().flatten() {
        let report = state.leasing.report_to_film(&session.person, ref_key).await;
        let report = report.map_err(|error| problem::database_failure(&error))?;
        if let Some(report) = report {
            return Ok(Some((session, report)));
        }
    }
    Ok(None)
}

fn render(
    state: &AppState,
    request: (&HeaderMap, &Uri),
    session: &BrowserSession,
    report: &FilmReport,
) -> Result<Response, Problem> {
    let texts = Texts::new(language_of(request.0, session.language));
    let report = ShownReport::new(state, texts, state.review.now(), report);
    let page = shell(state, request, Some(session), json!({"report": report.data()}));
    let megabytes = state.uploads.max_length().get() / MEBIBYTE;
    let template = ReportTemplate {
        page,
        report,
        is_link: session.kind == BrowserKind::Film,
        tip_size: texts.with("drive.tip_size", "mb", megabytes),
        place_without: texts.get(match state.drive.position {
            PositionPolicy::Required => "drive.continue",
            PositionPolicy::Optional => "drive.place_without",
        }),
    };
    html(PagePermissions::Film, None, &template)
}

pub(super) fn path_of(ref_key: RefKey) -> String {
    format!("/drive/report/{ref_key}")
}

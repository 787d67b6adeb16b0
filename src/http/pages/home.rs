//! `/`: links to the pages of drivers, reviewers and developers.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::language::language_of;
use super::response::{PagePermissions, html};
use super::shell::Shell;
use crate::http::problem::Problem;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Shell,
}

pub(super) async fn show(headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let page = Shell::new(language_of(&headers, None), &uri);
    html(PagePermissions::Watch, None, &HomePage { page })
}

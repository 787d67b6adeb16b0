//! Sessions of browsers, authenticated by a cookie. A cookie is accepted only for pages and their same-origin
//! requests; the routes of the API ignore it, so no other site can act in a person's name.
//!
//! The handler of a page takes [`ReviewPage`] or [`DrivePage`]. The handler of a state-changing request takes
//! [`ReviewChange`] or [`change::DriveChange`], which also check that one of our pages has sent it.

pub(in crate::http) mod change;
mod cookie;
mod drive;
mod film;
mod form;
pub(in crate::http) mod origin;
mod page;
pub(in crate::http) mod rejection;
mod review;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Serialize;

pub(in crate::http) use change::ReviewChange;
pub(in crate::http) use form::PageForm;
pub(in crate::http) use page::{DrivePage, FilmPage, ReviewPage};
pub(in crate::http) use rejection::{NoSession, is_navigation};

use super::problem::{self, Problem};
use super::{AppState, success};
use crate::auth::{BrowserSession, PreferenceChange, PreferenceError};
use crate::model::texts::Language;

/// Routes that are not in the OpenAPI document, because only our pages can use them.
pub(super) fn routes() -> Router<Arc<AppState>> {
    let review = get(current_reviewer).post(review::sign_in).delete(review::sign_out);
    let drive = get(current_driver).post(drive::sign_in).delete(drive::sign_out);
    Router::new()
        .route("/review/session", review)
        .route("/review/session/end", post(review::sign_out))
        .route("/review/session/preferences", post(set_preferences))
        .route("/drive/session", drive)
        .route("/drive/session/end", post(drive::sign_out))
        .route("/drive/token", post(drive::token))
        .route("/drive/film-link", post(film::open))
        .layer(map_response(without_challenge))
}

/// Removes the challenge: it makes a browser open its own password dialog, and the script gets the response only
/// after that is closed.
async fn without_challenge(mut response: Response) -> Response {
    response.headers_mut().remove(header::WWW_AUTHENTICATE);
    response
}

/// The state of the session, for scripts.
#[derive(Serialize)]
struct CurrentSession<'a> {
    name: &'a str,
    login: &'a str,
    language: Option<Language>,
    single_keys: bool,
    undo_seconds: u32,
    csrf: &'a str,
}

/// `GET /review/session`
async fn current_reviewer(page: Result<ReviewPage, NoSession>) -> Result<Response, Problem> {
    let ReviewPage(session) = page.map_err(|rejection| rejection.reason)?;
    Ok(current(&session))
}

/// `GET /drive/session`
async fn current_driver(page: Result<DrivePage, NoSession>) -> Result<Response, Problem> {
    let DrivePage(session) = page.map_err(|rejection| rejection.reason)?;
    Ok(current(&session))
}

fn current(session: &BrowserSession) -> Response {
    let BrowserSession { name, login, language, single_keys, undo_seconds, csrf, .. } = session;
    let (language, single_keys, undo_seconds) = (*language, *single_keys, *undo_seconds);
    let answer = CurrentSession { name, login, language, single_keys, undo_seconds, csrf };
    success(StatusCode::OK, "success", &answer)
}

/// `POST /review/session/preferences`: `language`, `single_keys`, `undo_seconds`. Missing fields stay unchanged.
async fn set_preferences(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: Result<ReviewChange, NoSession>,
) -> Result<Response, Problem> {
    let ReviewChange { session, form } = change.map_err(|rejection| rejection.reason)?;
    state.browsers.set_preferences(&session, &preferences(&form)).await.map_err(
        |error| match error {
            PreferenceError::UndoSeconds => Problem::field("undo_seconds", error.to_string()),
            PreferenceError::Database(error) => problem::database_failure(&error),
        },
    )?;
    Ok(if is_navigation(&headers) {
        Redirect::to(review::return_path(&form)).into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    })
}

fn preferences(form: &PageForm) -> PreferenceChange {
    PreferenceChange {
        language: form.filled("language").and_then(Language::from_word),
        single_keys: form.filled("single_keys").map(|_| form.flag("single_keys")),
        undo_seconds: form.filled("undo_seconds").map(|text| text.parse().unwrap_or_default()),
    }
}

//! `POST /drive/film-link`: exchanges the secret of a film link for a cookie and an access token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::cookie::{self, SessionCookies};
use super::drive::{PageToken, page_token};
use super::form::PageForm;
use super::origin::same_origin;
use super::review::browser_info;
use crate::auth::{BrowserSession, FilmSessionError, StatedDriver};
use crate::http::client::Client;
use crate::http::film_links::not_open;
use crate::http::problem::{self, Problem};
use crate::http::{AppState, success};
use crate::model::{BrowserKind, RefKey};

/// The response: the data that the page needs for filming and uploading.
#[derive(Serialize)]
struct Opened<'a> {
    #[serde(flatten)]
    token: PageToken<'a>,
    csrf: &'a str,
    ref_key: RefKey,
    /// When the link expires.
    expires_at: Timestamp,
}

pub(super) async fn open(State(state): State<Arc<AppState>>, request: Request) -> Response {
    exchange(&state, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn exchange(state: &AppState, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    same_origin(state, &head)?;
    let form = PageForm::read(state, &head.headers, body).await?;
    let (session, secret) = session(state, &head, &form).await?;
    // Every session of a film link has a scope.
    let scope = session.film_link.ok_or_else(problem::internal)?;
    let opened = Opened {
        token: page_token(state, &session)?,
        csrf: &session.csrf,
        ref_key: scope.report,
        expires_at: scope.expires_at,
    };
    let response = success(StatusCode::OK, "success", &opened);
    Ok(SessionCookies::of(state, &head).set(response, BrowserKind::Film, &secret))
}

async fn session(
    state: &AppState,
    head: &Parts,
    form: &PageForm,
) -> Result<(BrowserSession, String), Problem> {
    let field = |name| form.get(name).unwrap_or_default();
    let driver = StatedDriver { name: field("name"), mobile: field("mobile") };
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    let former = cookie::read(state, head, BrowserKind::Film);
    let browser = browser_info(head, client, former.as_deref());
    Ok(state.browsers.open_film(field("secret"), driver, browser).await?)
}

impl From<FilmSessionError> for Problem {
    fn from(error: FilmSessionError) -> Self {
        let message = error.to_string();
        match error {
            FilmSessionError::NotFound => Self::not_found(message),
            FilmSessionError::NotOpen(status) => not_open(status),
            FilmSessionError::TooLong(field) => Self::field(field, message),
            FilmSessionError::Database(error) => problem::database_failure(&error),
        }
    }
}

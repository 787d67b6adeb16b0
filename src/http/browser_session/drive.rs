//! Sign-in and sign-out on the driver's page, and access tokens for its scripts.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Serialize;

use super::change::DriveChange;
use super::cookie::{self, SessionCookies};
use super::form::PageForm;
use super::origin::same_origin;
use super::rejection::{NoSession, is_navigation};
use super::review::{browser_info, signed_out};
use crate::auth::{BrowserSession, SignInRequest};
use crate::http::client::Client;
use crate::http::problem::{self, Problem};
use crate::http::{AppState, success};
use crate::model::{Biin, BrowserKind, DeviceId, Role, code_digits};

const PAGE: &str = "/drive";
const SIGN_IN_PAGE: &str = "/drive/sign-in";

#[derive(Serialize)]
struct SignedIn<'a> {
    name: &'a str,
    role: Role,
    csrf: &'a str,
}

/// The token with which a script uploads.
#[derive(Serialize)]
pub(super) struct PageToken<'a> {
    pub(super) access_token: String,
    /// In seconds.
    pub(super) expires_in: i64,
    pub(super) name: &'a str,
}

/// `POST /drive/session`: exchanges a one-time code for a cookie.
pub(super) async fn sign_in(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match open(&state, &head, PageForm::read(&state, &head.headers, body).await).await {
        Ok((session, secret)) => {
            let response = if is_navigation(&head.headers) {
                Redirect::to(PAGE).into_response()
            } else {
                let BrowserSession { name, person, csrf, .. } = &session;
                success(StatusCode::OK, "success", &SignedIn { name, role: person.role, csrf })
            };
            SessionCookies::of(&state, &head).set(response, BrowserKind::Drive, &secret)
        }
        Err(problem) if is_navigation(&head.headers) => {
            let code = problem.code().as_str();
            Redirect::to(&format!("{SIGN_IN_PAGE}?problem={code}")).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn open(
    state: &AppState,
    head: &Parts,
    form: Result<PageForm, Problem>,
) -> Result<(BrowserSession, String), Problem> {
    same_origin(state, head)?;
    let request = request(&form?)?;
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    let former = cookie::read(state, head, BrowserKind::Drive);
    Ok(state.browsers.open_drive(&request, browser_info(head, client, former.as_deref())).await?)
}

fn request(form: &PageForm) -> Result<SignInRequest, Problem> {
    let field = |name| form.get(name).unwrap_or_default();
    let (biin, device) = (field("biin").parse::<Biin>(), field("uuid").parse::<DeviceId>());
    let code = code_digits(field("code"));
    let mut wrong = Vec::new();
    wrong.extend(biin.as_ref().err().map(|error| ("biin", error.to_string())));
    wrong.extend(device.as_ref().err().map(|error| ("uuid", error.to_string())));
    if code.is_empty() {
        wrong.push(("code", "is required".to_owned()));
    }
    match (biin, device) {
        (Ok(biin), Ok(device)) if wrong.is_empty() => Ok(SignInRequest { biin, device, code }),
        _ => Err(Problem::fields(&wrong)),
    }
}

/// `POST /drive/token`: an access token for the scripts of the page.
pub(super) async fn token(
    State(state): State<Arc<AppState>>,
    change: Result<DriveChange, NoSession>,
) -> Result<Response, Problem> {
    let DriveChange(session) = change.map_err(|rejection| rejection.reason)?;
    Ok(success(StatusCode::OK, "success", &page_token(&state, &session)?))
}

pub(super) fn page_token<'a>(
    state: &AppState,
    session: &'a BrowserSession,
) -> Result<PageToken<'a>, Problem> {
    let access_token = state.browsers.access_token(session).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
        problem::internal()
    })?;
    let expires_in = state.auth.access_ttl().as_secs();
    Ok(PageToken { access_token, expires_in, name: &session.name })
}

/// `POST /drive/session/end`, `DELETE /drive/session`
pub(super) async fn sign_out(
    State(state): State<Arc<AppState>>,
    cookies: SessionCookies,
    method: Method,
    change: Result<DriveChange, NoSession>,
) -> Result<Response, Problem> {
    match change {
        Ok(DriveChange(session)) => {
            let ended = state.browsers.end(&session, session.id).await;
            ended.map_err(|error| problem::database_failure(&error))?;
        }
        // Without a session the browser is signed out already.
        Err(rejection) if rejection.is_signed_out() => {}
        Err(rejection) => return Err(rejection.reason.into()),
    }
    let response = cookies.clear(signed_out(&method, SIGN_IN_PAGE), BrowserKind::Drive);
    Ok(cookies.clear(response, BrowserKind::Film))
}

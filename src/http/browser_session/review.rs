//! Sign-in and sign-out of a reviewer in the console.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Serialize;

use super::change::ReviewChange;
use super::cookie::{self, SessionCookies};
use super::form::PageForm;
use super::origin::same_origin;
use super::rejection::{NoSession, NoSessionReason, is_navigation};
use crate::auth::{
    AccountKind, AccountSignInError, BrowserError, BrowserInfo, BrowserSession, Credentials,
};
use crate::http::auth_errors::seconds;
use crate::http::client::Client;
use crate::http::problem::{self, Problem};
use crate::http::{AppState, success};
use crate::model::{BrowserKind, SessionId};

const SIGN_IN_PAGE: &str = "/review/sign-in";
/// The page after the sign-in, unless the form names another one.
const HOME: &str = "/review";

#[derive(Serialize)]
struct SignedIn<'a> {
    name: &'a str,
    csrf: &'a str,
    next: &'a str,
}

/// A sign-in was refused; the form is shown again.
enum Refused {
    Origin,
    EmptyLogin,
    EmptyPassword,
    Account(AccountSignInError),
    Session(BrowserError),
    /// The body cannot be read.
    Problem(Problem),
}

/// `POST /review/session`
pub(super) async fn sign_in(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let form = match PageForm::read(&state, &head.headers, body).await {
        Ok(form) => form,
        Err(problem) => return refused(&head, &PageForm::default(), Refused::Problem(problem)),
    };
    match open(&state, &head, &form).await {
        Ok((session, secret)) => {
            let response = signed_in(&head, &form, &session);
            SessionCookies::of(&state, &head).set(response, BrowserKind::Review, &secret)
        }
        Err(why) => refused(&head, &form, why),
    }
}

async fn open(
    state: &AppState,
    head: &Parts,
    form: &PageForm,
) -> Result<(BrowserSession, String), Refused> {
    same_origin(state, head).map_err(|_| Refused::Origin)?;
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    let credentials = Credentials {
        login: form.filled("login").ok_or(Refused::EmptyLogin)?.to_owned(),
        password: form.filled("password").ok_or(Refused::EmptyPassword)?.into(),
        code: form.get("code").unwrap_or_default().to_owned(),
        address: client.address,
        is_counted: client.is_counted,
    };
    let account = state.accounts.sign_in(AccountKind::Reviewer, &credentials).await;
    let reviewer = account.map_err(Refused::Account)?.reviewer;
    let reviewer = reviewer.ok_or_else(|| Refused::Problem(problem::internal()))?;
    let former = cookie::read(state, head, BrowserKind::Review);
    let browser = browser_info(head, client, former.as_deref());
    state.browsers.open_review(&reviewer.person, browser).await.map_err(Refused::Session)
}

/// The browser that sent a request. `replaces`: the secret of the cookie that it already has.
pub(super) fn browser_info<'a>(
    head: &'a Parts,
    client: Client,
    replaces: Option<&'a str>,
) -> BrowserInfo<'a> {
    let user_agent = head.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let user_agent = user_agent.unwrap_or_default();
    BrowserInfo { user_agent, address: client.address, replaces }
}

fn signed_in(head: &Parts, form: &PageForm, session: &BrowserSession) -> Response {
    let next = return_path(form);
    if is_navigation(&head.headers) {
        return Redirect::to(next).into_response();
    }
    let answer = SignedIn { name: &session.name, csrf: &session.csrf, next };
    success(StatusCode::OK, "success", &answer)
}

/// The page of the console to which a form redirects: its field `next`.
pub(super) fn return_path(form: &PageForm) -> &str {
    form.get("next").filter(|next| is_page_below(next, HOME)).unwrap_or(HOME)
}

/// Whether a path is `base` or below it, and cannot lead to another host.
pub(super) fn is_page_below(path: &str, base: &str) -> bool {
    let rest = path.strip_prefix(base);
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    is_below && path.chars().all(|char| char.is_ascii_graphic() && char != '\\')
}

/// Redirects a form back to the sign-in page with the reason in the query; a script gets a problem.
fn refused(head: &Parts, form: &PageForm, why: Refused) -> Response {
    if !is_navigation(&head.headers) {
        return Problem::from(why).into_response();
    }
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("problem", why.word());
    for name in ["login", "next"] {
        form.filled(name).map(|value| pairs.append_pair(name, value));
    }
    if let Refused::Account(AccountSignInError::LockedOut { wait }) = &why {
        pairs.append_pair("wait", &seconds(*wait).to_string());
    }
    Redirect::to(&format!("{SIGN_IN_PAGE}?{}", pairs.finish())).into_response()
}

impl Refused {
    /// The value of `problem` in the query of the sign-in page, which has a sentence for it.
    const fn word(&self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::EmptyLogin => "empty_login",
            Self::EmptyPassword => "empty_password",
            Self::Account(error) => match error {
                AccountSignInError::InvalidCredentials => "wrong",
                AccountSignInError::AddressNotAllowed => "network",
                AccountSignInError::Disabled => "disabled",
                AccountSignInError::CodeRequired => "code_needed",
                AccountSignInError::CodeInvalid => "code_wrong",
                AccountSignInError::TotpNotSetUp => "totp_required",
                AccountSignInError::LockedOut { .. } => "wait",
                AccountSignInError::Busy => "busy",
                AccountSignInError::Hash | AccountSignInError::Database(_) => "failed",
            },
            Self::Session(_) | Self::Problem(_) => "failed",
        }
    }
}

impl From<Refused> for Problem {
    fn from(why: Refused) -> Self {
        let required = |name| Self::field(name, "is required");
        match why {
            Refused::Origin => NoSessionReason::Csrf.into(),
            Refused::EmptyLogin => required("login"),
            Refused::EmptyPassword => required("password"),
            Refused::Account(error) => error.into(),
            Refused::Session(error) => NoSessionReason::from(error).into(),
            Refused::Problem(problem) => problem,
        }
    }
}

/// `DELETE /review/session`, and `POST /review/session/end` for forms. The form may name other sessions to end
/// instead of this one: by `id`, or all with `others`.
pub(super) async fn sign_out(
    State(state): State<Arc<AppState>>,
    cookies: SessionCookies,
    method: Method,
    change: Result<ReviewChange, NoSession>,
) -> Result<Response, Problem> {
    match change {
        Ok(ReviewChange { session, form }) => {
            if !end(&state, &session, &form).await? {
                return Ok(signed_out(&method, return_path(&form)));
            }
        }
        // Without a session the browser is signed out already.
        Err(rejection) if rejection.is_signed_out() => {}
        Err(rejection) => return Err(rejection.reason.into()),
    }
    Ok(cookies.clear(signed_out(&method, SIGN_IN_PAGE), BrowserKind::Review))
}

/// Ends the sessions that the form names; if it names none, this one. Returns whether this one has ended.
async fn end(state: &AppState, session: &BrowserSession, form: &PageForm) -> Result<bool, Problem> {
    if form.flag("others") {
        let ended = state.browsers.end_others(session).await;
        ended.map_err(|error| problem::database_failure(&error))?;
        return Ok(false);
    }
    let mut ids: Vec<SessionId> = form.all("id").filter_map(|id| id.parse().ok()).collect();
    if form.get("id").is_none() {
        ids.push(session.id);
    }
    for id in &ids {
        let ended = state.browsers.end(session, *id).await;
        ended.map_err(|error| problem::database_failure(&error))?;
    }
    Ok(ids.contains(&session.id))
}

pub(super) fn signed_out(method: &Method, page: &str) -> Response {
    if method == Method::DELETE {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Redirect::to(page).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::is_page_below;

    #[test]
    fn the_return_path_stays_on_our_pages() {
        for path in ["/review", "/review/day", "/review?status=2&next=%2F"] {
            assert!(is_page_below(path, "/review"), "{path}");
        }
        for path in
            ["", "/", "//evil.kz", "/reviewer", "https://evil.kz/review", "/review/\\evil.kz"]
        {
            assert!(!is_page_below(path, "/review"), "{path}");
        }
        assert!(!is_page_below("/review/\r\nX: y", "/review"));
    }
}

//! The sign-in page of reviewers. Its form is sent to `/review/session`.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::http::AppState;
use crate::http::browser_session::{NoSession, ReviewPage};
use crate::http::pages::language::{language_of, see_other};
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::pages::texts::Texts;
use crate::http::problem::Problem;
use crate::model::BrowserKind;

const QUEUE: &str = "/review";

#[derive(Template)]
#[expect(clippy::struct_excessive_bools, reason = "the template marks each field separately")]
#[template(path = "review/sign_in.html")]
struct SignInTemplate {
    page: Shell,
    login: String,
    next: String,
    /// The notice that the session has expired; empty otherwise.
    expired: String,
    problem: String,
    /// Which fields are marked as wrong: `is_login`, `is_password`, `is_code`.
    is_login: bool,
    is_password: bool,
    asks_code: bool,
    is_code: bool,
    /// The URL of a second navigation, from this page, with which the browser sends a `SameSite` cookie.
    again: String,
}

#[derive(Deserialize)]
pub(super) struct SignInQuery {
    problem: Option<String>,
    login: Option<String>,
    next: Option<String>,
    wait: Option<String>,
    expired: Option<String>,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    signed_in: Result<ReviewPage, NoSession>,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<SignInQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let next = query.next.filter(|next| next.starts_with(QUEUE)).unwrap_or(QUEUE.to_owned());
    let code = query.problem.unwrap_or_default();
    if signed_in.is_ok() && code.is_empty() {
        return Ok(see_other(&next));
    }
    let page = Shell::new(language_of(&headers, None), &uri);
    let texts = page.texts;
    let idle = texts.duration(state.browsers.idle_limit(BrowserKind::Review));
    let expired = query.expired.map(|_| texts.with("signin.expired", "time", idle));
    let wait = query.wait.and_then(|wait| wait.parse().ok()).unwrap_or(60);
    let template = SignInTemplate {
        problem: problem(texts, &code, SignedDuration::from_secs(wait)),
        is_login: matches!(code.as_str(), "empty_login" | "wrong"),
        is_password: matches!(code.as_str(), "empty_password" | "wrong"),
        asks_code: code.starts_with("code_"),
        is_code: code == "code_wrong",
        login: query.login.unwrap_or_default(),
        expired: expired.unwrap_or_default(),
        again: if is_cross_site(&headers) { page.here.clone() } else { String::new() },
        next,
        page,
    };
    html(PagePermissions::Watch, None, &template)
}

/// Whether the browser comes from another site, such as a link in a web mail. It then does not send the cookie,
/// which is `SameSite=Strict`, even if the reviewer is signed in.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}

fn problem(texts: Texts, code: &str, wait: SignedDuration) -> String {
    let key = match code {
        "" => return String::new(),
        "wait" => return texts.with("signin.wait", "time", texts.duration(wait)),
        "empty_login" => "signin.empty_login",
        "empty_password" => "signin.empty_password",
        "wrong" => "signin.wrong",
        "disabled" => "signin.disabled",
        "network" => "signin.network",
        "code_wrong" => "signin.code_wrong",
        "code_needed" => "signin.code_needed",
        "totp_required" => "signin.totp_required",
        "origin" => "common.stale",
        _ => "signin.busy",
    };
    texts.get(key).to_owned()
}

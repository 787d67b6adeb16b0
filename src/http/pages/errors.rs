//! Error pages for people. Scripts get the same JSON problem as on every other route.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::language::language_of;
use super::response::{PagePermissions, with_status};
use super::shell::Shell;
use crate::http::browser_session::is_navigation;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::http::request_id;

/// Headers that are copied from the problem to its page.
const KEPT: [HeaderName; 3] = [header::RETRY_AFTER, header::ALLOW, header::CONNECTION];

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Shell,
    title: String,
    sentence: String,
    /// Whether a retry may succeed.
    can_retry: bool,
}

/// Middleware: renders the problem of a handler as a page, if the browser displays the response.
pub(super) async fn render(request: Request, next: Next) -> Response {
    if !is_navigation(request.headers()) {
        return next.run(request).await;
    }
    let id = request_id::of(request.headers());
    let shell = Shell::new(language_of(request.headers(), None), request.uri());
    // The address of a form shows no page.
    let is_page = request.method() == Method::GET;
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let Ok(mut page) = page(shell, &problem, (&id, is_page)) else { return response };
    for name in KEPT {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

fn page(shell: Shell, problem: &Problem, (id, is_page): (&str, bool)) -> Result<Response, Problem> {
    let status = problem.status();
    let texts = shell.texts;
    let (code, reason, details) = problem.clone().into_reason(texts.language);
    let sentence = match status {
        _ if code == ErrorCode::CsrfInvalid => texts.get("common.stale").to_owned(),
        _ if details["reason"] == "network" => texts.get("signin.network").to_owned(),
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => {
            texts.get("common.notfound").to_owned()
        }
        _ if status.is_server_error() => texts.with("common.failed", "id", id),
        _ => reason,
    };
    let title = format!("{} {}", texts.get("common.error_prefix"), status.as_u16());
    let can_retry = is_page && status.is_server_error();
    let page = ErrorPage { page: shell, title, sentence, can_retry };
    with_status(status, PagePermissions::Watch, None, &page)
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::http::problem::internal;
    use crate::model::texts::Language;

    #[tokio::test]
    async fn a_failed_form_has_no_link_to_its_own_address() {
        let html = async |is_page| {
            let here = Uri::from_static("/review/decide");
            let shell = Shell::new(Language::English, &here);
            let page = page(shell, &internal(), ("id", is_page)).unwrap();
            let bytes = page.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let link = "href=\"/review/decide\"";
        assert!(html(true).await.contains(link));
        assert!(!html(false).await.contains(link));
    }
}

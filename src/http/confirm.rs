//! The page behind the link that confirms a device. It is opened from a mail, so it needs no script and
//! loads nothing. Opening it changes nothing: mail scanners open links, but press no buttons.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::message::requested_language;
use super::path_param::PathParam;
use super::problem::{self, Problem};
use crate::auth::{ConfirmationError, Confirmed};
use crate::model::texts::{Language, text};
use crate::model::{escape_html, shown_device, shown_name, shown_value};

/// The page may send its form to this service, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(ask, confirm))
}

/// The page behind the link in a mail, with a button that confirms the device
///
/// In the language of `Accept-Language`. It changes nothing.
#[utoipa::path(
    get,
    path = "/confirm/{token}",
    operation_id = "ask_for_confirmation",
    tag = "sign-in",
    params(("token" = String, Path, description = "The last part of the link", example = "none")),
    responses(
        (status = 200, description = "The page; it says if the link is not valid", content_type = "text/html", body = String,
            example = "<!doctype html>…"),
    )
)]
async fn ask(
    State(state): State<Arc<AppState>>,
    PathParam(token): PathParam<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = requested_language(&headers);
    let found = state.auth.confirmation(&token.unwrap_or_default()).await;
    let Some(device) = valid(found)? else { return Ok(invalid(language)) };
    let button = text!("confirm.button").get(language);
    let form = format!("<form method=\"post\"><button>{button}</button></form>");
    Ok(page(language, &format!("{}{form}", described(&device, language))))
}

/// Confirms the device of the link, for 15 minutes
///
/// What the button on the page does.
#[utoipa::path(
    post,
    path = "/confirm/{token}",
    operation_id = "confirm_by_link",
    tag = "sign-in",
    params(("token" = String, Path, description = "The last part of the link", example = "none")),
    responses(
        (status = 200, description = "A page that says whether the device is confirmed", content_type = "text/html",
            body = String, example = "<!doctype html>…"),
    )
)]
async fn confirm(
    State(state): State<Arc<AppState>>,
    PathParam(token): PathParam<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = requested_language(&headers);
    let confirmed = state.auth.confirm(&token.unwrap_or_default()).await;
    if valid(confirmed)?.is_none() {
        return Ok(invalid(language));
    }
    let minutes = state.auth.confirmed_for().as_mins();
    let done = text!("confirm.done").format(language, &[("minutes", &minutes)]);
    Ok(page(language, &format!("<p>{done}</p>")))
}

/// `None` for a link that is not valid.
fn valid(found: Result<Confirmed, ConfirmationError>) -> Result<Option<Confirmed>, Problem> {
    match found {
        Ok(device) => Ok(Some(device)),
        Err(ConfirmationError::Database(error)) => Err(problem::database_failure(&error)),
        Err(_) => Ok(None),
    }
}

fn invalid(language: Language) -> Response {
    let message = text!("confirm.invalid").get(language);
    page(language, &format!("<p>{message}</p>"))
}

fn described(device: &Confirmed, language: Language) -> String {
    let company = shown_value(&device.company);
    let question = text!("confirm.question").format(language, &[("company", &company)]);
    let details = [
        (text!("mail.code.name"), shown_name(&device.first_name)),
        (text!("mail.code.mobile"), shown_value(&device.mobile)),
        (text!("mail.code.device"), shown_device(&device.device)),
    ];
    let details = details.into_iter().filter(|(_, detail)| !detail.is_empty());
    let details = details.map(|(label, detail)| label.format(language, &[("value", &detail)]));
    let lines: Vec<_> =
        std::iter::once(question).chain(details).map(|line| escape_html(&line)).collect();
    format!("<p>{}</p>", lines.join("</p>\n<p>"))
}

fn page(language: Language, content: &str) -> Response {
    let title = text!("confirm.title").get(language);
    let html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title></head>\n\
         <body style=\"font-family:sans-serif;font-size:18px;max-width:32em;margin:2em auto;padding:0 1em\">\n\
         <h1>{title}</h1>\n{content}\n</body>\n</html>\n",
        language.as_str()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // The address contains a secret.
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, html).into_response()
}

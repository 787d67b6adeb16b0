//! The documented door: `POST /reports/upload` (E9), a form with the video in it.
//!
//! The form is read as it comes: its file goes straight into the engine, whatever stands before or
//! after it, and is neither held in memory nor written twice.

mod describe;
pub(super) mod reader;
mod sparing;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio::time::timeout;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::model::{Door, Length, Offset, Person};
use crate::upload::{Declaration, NewVideo, Stored, UploadError, UploadSession};

use super::details::UploadFields;
use super::problem::Problem;
use super::{AppState, body, upload_errors};

use reader::{Form, Part, VIDEO};

/// What may also come as a header, so that a refusal can come before the body (Q34).
const HEADERS: [(&str, &str); 5] = [
    ("x-ref-key", "ref_key"),
    ("x-time-sent", "time_sent"),
    ("x-lat", "lat"),
    ("x-long", "long"),
    ("x-sha256", "sha256"),
];

/// The routes of this door.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(describe::Door::openapi()).route("/reports/upload", post(upload))
}

async fn upload(State(state): State<Arc<AppState>>, request: Request) -> Response {
    match receive(&state, request).await {
        Ok(stored) => saved(&stored),
        // Whatever is left of the form will not be read.
        Err(problem) => problem.closing().into_response(),
    }
}

/// The answer of the document, word for word; HTTP 201 like its code (Q33).
fn saved(stored: &Stored) -> Response {
    let details = json!({ "submission_id": stored.submission, "sha256": stored.sha256 });
    super::success(StatusCode::CREATED, "Report has been successfully saved.", &details)
}

async fn receive(state: &AppState, request: Request) -> Result<Stored, Problem> {
    let (head, body) = request.into_parts();
    let person = state.caller(&head.headers).await?;
    let announced = body::announced(&head.headers);
    let most = state.uploads.max_length().get().saturating_add(state.limits.max_body_extra);
    if announced.is_some_and(|announced| announced > most) {
        return Err(upload_errors::too_long(state.uploads.max_length().get()));
    }
    let mut named = said_ahead(&head.headers, &head.uri)?;
    may_go_on(state, &person, &named).await?;
    let mut form = Form::new(&head.headers, body, &state.limits, most, &[VIDEO])?;
    let mut video = None;
    while let Some(part) = next(state, &mut form).await? {
        match part {
            Part::Text { name, value } => {
                named.add_same(&name, value)?;
            }
            Part::File { filename, bytes, .. } if video.is_none() => {
                named.set_default("filename", filename);
                video = Some(take(state, &person, &named, (bytes, announced)).await?);
            }
            Part::File { .. } => {
                return Err(Problem::unreadable("the form has more than one file"));
            }
        }
    }
    let missing = || Problem::fields(&[("file", "is required".to_owned())]);
    let video = video.ok_or_else(missing)?;
    let details = named.details(&state.zone)?;
    video.complete(&person, details).await.map_err(upload_errors::for_form)
}

/// The next part, for as long as a phone may be silent; the file's own bytes are waited for by the
/// engine.
async fn next(state: &AppState, form: &mut Form) -> Result<Option<Part>, Problem> {
    let part = timeout(state.uploads.idle_timeout(), form.next()).await;
    part.unwrap_or_else(|_| Err(upload_errors::for_form(UploadError::Cut(Offset::START))))
}

/// Refuses what can be refused by what is known so far (S22, Q34).
async fn may_go_on(state: &AppState, person: &Person, named: &UploadFields) -> Result<(), Problem> {
    named.check_present(&state.zone)?;
    let Some(declaration) = declaration(named) else { return Ok(()) };
    state.uploads.check_report(person, declaration).await.map_err(upload_errors::for_form)
}

fn declaration(named: &UploadFields) -> Option<Declaration> {
    Some(Declaration { ref_key: named.ref_key()?, sha256: named.sha256() })
}

/// Refuses what can be refused already, then takes the bytes: fewer than the whole request was
/// announced to have.
async fn take(
    state: &AppState,
    person: &Person,
    named: &UploadFields,
    (bytes, announced): (crate::upload::Body, Option<u64>),
) -> Result<UploadSession, Problem> {
    may_go_on(state, person, named).await?;
    let video = NewVideo {
        person: *person,
        details: None,
        length: None,
        metadata: String::new(),
        door: Door::Form,
    };
    let video = state.uploads.begin(video, declaration(named)).await;
    let mut video = video.map_err(upload_errors::for_form)?;
    video.receive(bytes, announced.map(Length::new)).await.map_err(upload_errors::for_form)?;
    Ok(video)
}

/// What the query and the headers say before the body begins.
fn said_ahead(headers: &HeaderMap, uri: &axum::http::Uri) -> Result<UploadFields, Problem> {
    let mut ahead = UploadFields::from_query(uri)?;
    for (header, name) in HEADERS {
        if let Some(Ok(value)) = headers.get(header).map(HeaderValue::to_str) {
            ahead.add_same(name, value.to_owned())?;
        }
    }
    Ok(ahead)
}

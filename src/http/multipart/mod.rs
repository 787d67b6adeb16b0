//! `POST /reports/upload`: a form with the video in it, as the owner's document describes it.
//!
//! The form is read as it arrives. Its file is written directly to the upload, whatever fields come
//! before or after it: it is neither held in memory nor written twice.

mod openapi;
pub(super) mod reader;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Caller;
use crate::model::{Length, Offset, Person, Protocol};
use crate::upload::{Body, Declaration, NewVideo, Stored, UploadError, UploadSession};

use super::answer::success;
use super::body::content_length;
use super::config::PositionPolicy;
use super::declared_type::check_declared_type;
use super::details::UploadFields;
use super::problem::Problem;
use super::state::AppState;
use super::upload_errors::{for_form, too_long};

use reader::{Form, KnownParts, Part, TextParts, VIDEO, unterminated};

const PARTS: KnownParts =
    KnownParts { files: &[VIDEO], texts: TextParts::Matching(UploadFields::is_known) };

/// The fields that may also be headers, so that a refusal can precede the body.
const HEADERS: [(&str, &str); 6] = [
    ("x-ref-key", "ref_key"),
    ("x-time-sent", "time_sent"),
    ("x-recorded-at", "recorded_at"),
    ("x-lat", "lat"),
    ("x-long", "long"),
    ("x-sha256", "sha256"),
];

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(openapi::Operations::openapi())
        .route("/reports/upload", post(upload))
}

async fn upload(State(state): State<Arc<AppState>>, request: Request) -> Response {
    match Box::pin(receive(&state, request)).await {
        // Exactly the response in the owner's document.
        Ok(Stored { submission, sha256, .. }) => {
            let fields = json!({ "submission_id": submission, "sha256": sha256 });
            success(StatusCode::CREATED, "Report has been successfully saved.", &fields)
        }
        // The rest of the form will not be read.
        Err(problem) => problem.closing().into_response(),
    }
}

async fn receive(state: &AppState, request: Request) -> Result<Stored, Problem> {
    let (head, body) = request.into_parts();
    let caller = state.sender(&head.headers).await?;
    let person = caller.person;
    let length = content_length(&head.headers);
    let max_video = state.uploads.max_length().get();
    let max_form = max_video.saturating_add(state.limits.max_body_extra);
    if length.is_some_and(|length| length > max_form) {
        return Err(too_long(max_video));
    }
    let mut fields = fields_before_body(&head.headers, &head.uri)?;
    check(state, &person, &fields).await?;
    let mut form = Form::new(&head.headers, body, &state.limits, max_form, PARTS)?;
    let mut session = None;
    while let Some(part) = timed(state, form.next()).await? {
        match part {
            Part::Text { name, value } => fields.add_consistent(&name, value)?,
            Part::File { filename, media_type, bytes, .. } if session.is_none() => {
                fields.set_default("filename", filename);
                check_declared_type(state, media_type.as_deref())?;
                check(state, &person, &fields).await?;
                let received = receive_file(state, &caller, &fields, (bytes, length));
                let received = Box::pin(received).await;
                session = Some(received.map_err(|error| file_problem(error, &form))?);
            }
            Part::File { bytes, .. } => timed(state, expect_empty(bytes)).await?,
            Part::Skipped => {}
        }
    }
    let missing = || Problem::field("file", "is required");
    let session = session.ok_or_else(missing)?;
    let details = fields.details(&state.zone, PositionPolicy::Required)?;
    session.complete(person, details).await.map_err(for_form)
}

/// Reads something of the form, with a timeout. The bytes of the file have their own.
async fn timed<T>(
    state: &AppState,
    reading: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let read = timeout(state.uploads.idle_timeout(), reading).await;
    read.unwrap_or_else(|_| Err(for_form(UploadError::Cut(Offset::START))))
}

/// Reads a second file: browsers send an empty one for an input without a file.
async fn expect_empty(mut bytes: Body) -> Result<(), Problem> {
    while let Some(Ok(chunk)) = bytes.next().await {
        if !chunk.is_empty() {
            return Err(Problem::unreadable("the form has more than one file"));
        }
    }
    Ok(())
}

/// If the closing boundary is missing although the request was complete, a repetition would fail the same way:
/// 400 instead of "connection lost".
fn file_problem(error: UploadError, form: &Form) -> Problem {
    match error {
        UploadError::Cut(_) if form.is_unterminated() => unterminated(),
        error => for_form(error),
    }
}

/// Fails if the fields so far are invalid, or if their report does not take the video.
async fn check(state: &AppState, person: &Person, fields: &UploadFields) -> Result<(), Problem> {
    check_declared_type(state, fields.get("filetype"))?;
    fields.check_present(&state.zone)?;
    let Some(declaration) = declaration(fields) else { return Ok(()) };
    state.uploads.check_report(person, declaration).await.map_err(for_form)
}

fn declaration(fields: &UploadFields) -> Option<Declaration> {
    Some(Declaration { ref_key: fields.ref_key()?, sha256: fields.sha256() })
}

/// Receives the file. The length of the form is an upper limit for its length.
async fn receive_file(
    state: &AppState,
    caller: &Caller,
    fields: &UploadFields,
    (bytes, form_length): (Body, Option<u64>),
) -> Result<UploadSession, UploadError> {
    let (metadata, protocol) = (String::new(), Protocol::Form);
    let (details, length, sends_bytes) = (None, None, true);
    let Caller { person, device, .. } = caller.clone();
    let video = NewVideo { person, device, details, length, metadata, protocol, sends_bytes };
    let mut session = state.uploads.begin(video, declaration(fields)).await?;
    session.receive(bytes, form_length.map(Length::new)).await?;
    Ok(session)
}

fn fields_before_body(headers: &HeaderMap, uri: &Uri) -> Result<UploadFields, Problem> {
    let mut fields = UploadFields::from_query(uri)?;
    for (header, name) in HEADERS {
        if let Some(Ok(value)) = headers.get(header).map(HeaderValue::to_str) {
            fields.add_consistent(name, value.to_owned())?;
        }
    }
    Ok(fields)
}

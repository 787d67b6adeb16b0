//! `POST /uploads`: an upload begins (T-27…T-39).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::body::{announced, has_bytes, stream};
use crate::http::details::UploadFields;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::http::{AppState, upload_errors};
use crate::model::{Check, Door, Finding, Length, Offset, Refusal};
use crate::upload::{Access, Append, Appended, Created, NewVideo};

use super::{UPLOAD_OFFSET, expires, headers, metadata};

pub(super) async fn create(state: &AppState, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let person = state.caller(&head.headers).await?;
    let length = length(&head.headers)?;
    if length > state.uploads.max_length() {
        return Err(upload_errors::too_long(state.uploads.max_length().get()));
    }
    let with_upload = has_bytes(&body);
    if with_upload {
        may_bring(&head.headers, length)?;
    }
    let checksum = headers::checksum(&head.headers)?;
    let raw = metadata_field(state, &head.headers)?;
    let mut named = metadata::parse(raw)?;
    named.set_defaults(UploadFields::from_query(&head.uri)?);
    let details = named.details(&state.zone)?;
    let metadata = raw.to_owned();
    let (details, length) = (Some(details), Some(length));
    let video = NewVideo { person, details, length, metadata, door: Door::Tus };
    let created = state.uploads.create(video).await?;
    if !with_upload {
        return Ok(made(state, &created, [expires(created.expires_at)]));
    }
    let append = Append {
        id: created.id,
        access: Access { secret: created.secret.clone(), caller: Some(person.id) },
        offset: Offset::START,
        length: announced(&head.headers),
        complete: false,
        checksum,
        body: stream(body),
    };
    with_bytes(state, &created, append).await
}

async fn with_bytes(
    state: &AppState,
    created: &Created,
    append: Append,
) -> Result<Response, Problem> {
    let offset = |bytes: u64| (UPLOAD_OFFSET, bytes.to_string());
    Ok(match state.uploads.append(append).await? {
        Appended::Progress { offset: at, expires_at } => {
            made(state, created, [offset(at.get()), expires(expires_at)])
        }
        Appended::Stored(stored) => {
            let submitted = (headers::REPORT_STATUS, "2".to_owned());
            made(state, created, [offset(stored.length.get()), submitted])
        }
    })
}

fn made<const N: usize>(
    state: &AppState,
    created: &Created,
    more: [(HeaderName, String); N],
) -> Response {
    let location =
        format!("{}/uploads/{}.{}", state.public_url, created.id, created.secret.reveal());
    (StatusCode::CREATED, [(header::LOCATION, location)], more).into_response()
}

/// What a body must be, before an upload is made for it (T-26, T-37).
fn may_bring(fields: &HeaderMap, length: Length) -> Result<(), Problem> {
    if !headers::is_piece(fields) {
        return Err(not_a_piece());
    }
    if announced(fields).is_some_and(|announced| announced > length.get()) {
        return Err(upload_errors::too_long(length.get()));
    }
    Ok(())
}

/// `Upload-Length` (T-28, T-30, T-31): an empty file is no video.
fn length(fields: &HeaderMap) -> Result<Length, Problem> {
    if fields.contains_key(headers::UPLOAD_DEFER_LENGTH) {
        let message = "Upload-Defer-Length: say Upload-Length now, it cannot come later";
        return Err(Problem::unreadable(message));
    }
    let length: Length = headers::count(fields, &headers::UPLOAD_LENGTH)?;
    if length.get() == 0 {
        let finding = Finding::at(Check::SizeLimit, 0, "The file is empty.").asking();
        return Err(upload_errors::refused(&Refusal {
            finding,
            judged_after: 0,
            notes: Vec::new(),
        }));
    }
    Ok(length)
}

fn metadata_field<'a>(state: &AppState, fields: &'a HeaderMap) -> Result<&'a str, Problem> {
    let field = headers::one(fields, &headers::UPLOAD_METADATA)?.unwrap_or_default();
    let most = state.limits.max_header_metadata;
    if field.len() > most {
        return Err(Problem::unreadable(format!("Upload-Metadata: at most {most} bytes")));
    }
    Ok(field)
}

/// T-16, T-37.
pub(super) fn not_a_piece() -> Problem {
    let message = "send the bytes as Content-Type: application/offset+octet-stream";
    Problem::new(ErrorCode::UnsupportedMediaType, message)
}

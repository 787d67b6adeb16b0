//! `POST /uploads`, and `HEAD`, `PATCH`, `DELETE` and `GET` of one upload.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::json;

use crate::auth::Caller;
use crate::http::answer::{http_date, success};
use crate::http::base_url::BaseUrl;
use crate::http::body::{content_length, has_bytes, stream};
use crate::http::declared_type::check_declared_type;
use crate::http::details::UploadFields;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::http::server::WhenUnsent;
use crate::http::state::AppState;
use crate::http::upload_errors::{self, UPLOAD_OFFSET};
use crate::model::{Check, Finding, Length, Offset, Protocol, Refusal, UploadId, UploadState};
use crate::upload::{Access, Append, Appended, Created, NewVideo, Secret};

use super::headers as tus;

/// A header of a response.
type Field = (HeaderName, String);

/// Creates an upload. A body is the first part of the video.
pub(super) async fn create(state: &AppState, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let caller = state.sender(&head.headers).await?;
    let position = state.position_policy(&caller);
    let Caller { person, device, .. } = caller;
    let length = upload_length(state, &head.headers)?;
    let with_body = has_bytes(&body);
    if with_body {
        check_body_headers(&head.headers, length)?;
    }
    let checksum = tus::checksum(&head.headers)?;
    let metadata = metadata(state, &head.headers)?;
    let mut fields = tus::parse_metadata(metadata)?;
    fields.set_defaults(UploadFields::from_query(&head.uri)?);
    check_declared_type(state, fields.get("filetype"))?;
    let video = NewVideo {
        person,
        device,
        details: Some(fields.details(&state.zone, position)?),
        length: Some(length),
        metadata: metadata.to_owned(),
        protocol: Protocol::Tus,
        sends_bytes: with_body,
    };
    let Created { id, secret, expires_at } = state.uploads.create(video).await?;
    let BaseUrl(base) = BaseUrl::of(state, &head);
    let location = (header::LOCATION, format!("{base}/uploads/{id}.{}", secret.0));
    let mut response = if with_body {
        let append = Append {
            id,
            access: Access { secret, caller: Some(person.id) },
            offset: Offset::START,
            length: content_length(&head.headers),
            complete: false,
            checksum,
            body: stream(body),
        };
        first_part(state, append, location).await
    } else {
        (StatusCode::CREATED, [location, upload_expires(expires_at)]).into_response()
    };
    let uploads = state.uploads.clone();
    response.extensions_mut().insert(WhenUnsent::new(move || uploads.end_unreachable(id)));
    Ok(response)
}

/// Appends the first part of the video. If that fails and the upload certainly goes on, the client still
/// learns its address and the offset.
async fn first_part(state: &AppState, append: Append, location: Field) -> Response {
    let id = append.id;
    let error = match state.uploads.append_first(append).await {
        Ok(appended) => {
            return (StatusCode::CREATED, [location], progress(&appended)).into_response();
        }
        Err(error) => Problem::from(error),
    };
    let fields = match state.uploads.reveal_address(id).await {
        Ok((UploadState::Open, offset)) => vec![location, (UPLOAD_OFFSET, offset.to_string())],
        Ok((UploadState::Finishing, _)) => vec![location],
        // If the upload could not be detached, it ends with this node: without a URL the client starts again.
        Ok(_) | Err(_) => vec![],
    };
    (AppendHeaders(fields), error).into_response()
}

/// Checks the headers of a body before an upload is created for it.
fn check_body_headers(headers: &HeaderMap, length: Length) -> Result<(), Problem> {
    if !tus::has_tus_content_type(headers) {
        return Err(wrong_content_type());
    }
    if content_length(headers).is_some_and(|body| body > length.get()) {
        return Err(upload_errors::too_long(length.get()));
    }
    Ok(())
}

fn upload_length(state: &AppState, headers: &HeaderMap) -> Result<Length, Problem> {
    let length: Length = tus::byte_count(headers, &tus::UPLOAD_LENGTH)?;
    if length.get() == 0 {
        let finding = Finding::at(Check::SizeLimit, 0, "The file is empty.");
        let refusal = Refusal { finding, judged_after: 0, notes: Vec::new() };
        return Err(upload_errors::refused(&refusal));
    }
    let max = state.uploads.max_length();
    if length > max { Err(upload_errors::too_long(max.get())) } else { Ok(length) }
}

fn metadata<'a>(state: &AppState, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
    let field = tus::single(headers, &tus::UPLOAD_METADATA)?.unwrap_or_default();
    let max = state.limits.max_header_metadata;
    if field.len() > max {
        return Err(Problem::unreadable(format!("Upload-Metadata is longer than {max} bytes")));
    }
    Ok(field)
}

fn wrong_content_type() -> Problem {
    let message = "the Content-Type must be application/offset+octet-stream";
    Problem::new(ErrorCode::UnsupportedMediaType, message)
}

/// Responds with the offset of an upload, after its current writer has released it.
pub(super) async fn head(
    state: &AppState,
    (id, secret): (UploadId, Secret),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = Access { secret, caller: state.claimed_caller(headers) };
    let status = state.uploads.resume_status(id, &access).await;
    let status = status.map_err(upload_errors::for_head)?;
    let mut fields = vec![
        (UPLOAD_OFFSET, status.committed.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    fields.extend(status.length.map(|length| (tus::UPLOAD_LENGTH, length.to_string())));
    fields.extend(status.state.is_alive().then(|| upload_expires(status.expires_at)));
    if !status.metadata.is_empty() {
        fields.push((tus::UPLOAD_METADATA, status.metadata));
    }
    let mut response = StatusCode::OK.into_response();
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Appends a body to an upload.
pub(super) async fn patch(
    state: &AppState,
    (id, secret): (UploadId, Secret),
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    if !tus::has_tus_content_type(&head.headers) {
        return Err(wrong_content_type());
    }
    let append = Append {
        id,
        access: Access { secret, caller: state.claimed_caller(&head.headers) },
        offset: tus::byte_count(&head.headers, &UPLOAD_OFFSET)?,
        length: content_length(&head.headers),
        complete: false,
        checksum: tus::checksum(&head.headers)?,
        body: stream(body),
    };
    let appended = state.uploads.append(append).await?;
    Ok((StatusCode::NO_CONTENT, progress(&appended)).into_response())
}

/// Ends an upload.
pub(super) async fn delete(
    state: &AppState,
    (id, secret): (UploadId, Secret),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = owner_access(state, secret, headers).await?;
    state.uploads.terminate(id, &access).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Responds with the status of an upload as JSON. This is not part of tus.
pub(super) async fn get(
    state: &AppState,
    (id, secret): (UploadId, Secret),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = owner_access(state, secret, headers).await?;
    let status = state.uploads.status(id, &access).await?;
    let response = json!({
        "state": status.state.as_str(),
        "offset": status.committed,
        "length": status.length,
        "expires_at": status.state.is_alive().then_some(status.expires_at),
        "ref_key": status.details.map(|details| details.ref_key),
        "submission_id": status.submission,
        "video_id": status.video,
        "refusal": status.refusal,
    });
    Ok(success(StatusCode::OK, "success", &response))
}

/// The secret of the URL is not enough to end an upload or to read its status: both need a valid token.
async fn owner_access(
    state: &AppState,
    secret: Secret,
    headers: &HeaderMap,
) -> Result<Access, Problem> {
    let caller = state.sender(headers).await?;
    Ok(Access { secret, caller: Some(caller.person.id) })
}

/// The headers that state the progress after an append.
fn progress(appended: &Appended) -> [Field; 2] {
    match appended {
        Appended::Progress { offset, expires_at } => {
            [(UPLOAD_OFFSET, offset.to_string()), upload_expires(*expires_at)]
        }
        Appended::Stored(stored) => {
            [(UPLOAD_OFFSET, stored.length.to_string()), (tus::REPORT_STATUS, "2".to_owned())]
        }
    }
}

fn upload_expires(at: jiff::Timestamp) -> Field {
    (tus::UPLOAD_EXPIRES, http_date(at))
}

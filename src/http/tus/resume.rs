//! `HEAD`, `PATCH`, `DELETE` and `GET` of one upload.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::body::{announced, stream};
use crate::http::problem::Problem;
use crate::http::{AppState, upload_errors};
use crate::model::UploadId;
use crate::upload::{Access, Append, Appended, Secret, Status};

use super::create::not_a_piece;
use super::{UPLOAD_OFFSET, expires, headers as tus};

/// Where the next byte goes (T-10…T-14, T-33).
pub(super) async fn head(
    state: &AppState,
    id: UploadId,
    secret: Secret,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = access(state, secret, headers);
    let status = state.uploads.resume_status(id, &access).await.map_err(upload_errors::for_head)?;
    let mut answer = HeaderMap::new();
    answer.insert(UPLOAD_OFFSET, status.offset.get().into());
    if let Some(length) = status.length {
        answer.insert(tus::UPLOAD_LENGTH, length.get().into());
    }
    if let Ok(metadata) = HeaderValue::from_str(&status.metadata)
        && !metadata.is_empty()
    {
        answer.insert(tus::UPLOAD_METADATA, metadata);
    }
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let mut response = (StatusCode::OK, answer).into_response();
    if status.state.is_alive() {
        let (name, value) = expires(status.expires_at);
        let value = HeaderValue::from_str(&value).map_err(|_| crate::http::problem::internal())?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// A piece (T-15…T-26, T-61).
pub(super) async fn patch(
    state: &AppState,
    id: UploadId,
    secret: Secret,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    if !tus::is_piece(&head.headers) {
        return Err(not_a_piece());
    }
    let append = Append {
        id,
        access: access(state, secret, &head.headers),
        offset: tus::count(&head.headers, &UPLOAD_OFFSET)?,
        length: announced(&head.headers),
        complete: false,
        checksum: tus::checksum(&head.headers)?,
        body: stream(body),
    };
    Ok(match state.uploads.append(append).await? {
        Appended::Progress { offset, expires_at } => {
            let offset = (UPLOAD_OFFSET, offset.to_string());
            (StatusCode::NO_CONTENT, [offset, expires(expires_at)]).into_response()
        }
        Appended::Stored(stored) => {
            let offset = (UPLOAD_OFFSET, stored.length.to_string());
            let submitted = (tus::REPORT_STATUS, "2".to_owned());
            (StatusCode::NO_CONTENT, [offset, submitted]).into_response()
        }
    })
}

/// The end of an upload by its owner (T-70…T-73). The secret alone is not enough for it.
pub(super) async fn delete(
    state: &AppState,
    id: UploadId,
    secret: Secret,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = owner(state, secret, headers).await?;
    state.uploads.terminate(id, &access).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The state as JSON, for an app that was killed in between.
pub(super) async fn get(
    state: &AppState,
    id: UploadId,
    secret: Secret,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let access = owner(state, secret, headers).await?;
    let status = state.uploads.status(id, &access).await?;
    Ok(crate::http::success(StatusCode::OK, "success", &told(&status)))
}

fn told(status: &Status) -> serde_json::Value {
    json!({
        "state": status.state.as_str(),
        "offset": status.offset,
        "length": status.length,
        "expires_at": status.state.is_alive().then_some(status.expires_at),
        "ref_key": status.ref_key,
        "submission_id": status.submission,
        "video_id": status.video,
        "refusal": status.refusal,
    })
}

fn access(state: &AppState, secret: Secret, headers: &HeaderMap) -> Access {
    Access { secret, caller: state.claimed_caller(headers) }
}

/// Ending and looking need a good token, and say what is wrong with a bad one (S23).
async fn owner(state: &AppState, secret: Secret, headers: &HeaderMap) -> Result<Access, Problem> {
    let caller = state.caller(headers).await?;
    Ok(Access { secret, caller: Some(caller.id) })
}

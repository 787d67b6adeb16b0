//! What a server's response means to the client.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::arguments::TOKEN_HINT;
use crate::model::{Clock, Digest};

/// Bytes of a response that are read. The service's have a few hundred.
const MAX_RESPONSE: usize = 64 * 1024;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("cannot reach the server")]
    Network(#[source] reqwest::Error),
    #[error("no byte was sent or received for a minute")]
    Stalled,
    #[error("the server answered {status}")]
    Busy { status: StatusCode, retry_after: Option<Duration> },
    /// 409 on an upload.
    #[error("the upload has a different offset on the server")]
    OffsetMismatch,
    /// 404 on an upload: it has expired, or never existed.
    #[error("the server does not know the upload")]
    UnknownUpload,
    #[error("the server refuses the token ({0}); {TOKEN_HINT}")]
    Token(String),
    #[error("{0}")]
    Refused(Box<ServerRefusal>),
    #[error("this is not a response of a forte-media server: {0}")]
    Unexpected(String),
    #[error("cannot read the file")]
    File(#[from] io::Error),
}

/// A refusal, as the service writes it.
#[derive(Debug, Clone, Default, Deserialize, thiserror::Error)]
#[error("{status}: {message}")]
pub(crate) struct ServerRefusal {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The stable code, such as `video_refused`.
    pub(crate) error: Option<String>,
    pub(crate) request_id: Option<String>,
    #[serde(default)]
    pub(crate) details: Value,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

impl ClientError {
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Stalled | Self::Busy { .. } | Self::OffsetMismatch)
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for ClientError {
    /// Without the URL: an upload's contains a secret.
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error.without_url())
    }
}

/// Whether a refusal means that the report already has the video with this hash.
pub(super) fn has_video(error: &str, details: &Value, sha256: Digest) -> bool {
    let stored = details.get("sha256").and_then(Value::as_str);
    error == "report_already_submitted"
        && stored.and_then(|stored| stored.parse().ok()) == Some(sha256)
}

/// Passes a success on, and turns every other status into an error.
pub(crate) async fn check(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if is_transient(status) {
        return Err(ClientError::Busy { status, retry_after: retry_after(response.headers()) });
    }
    let refusal = refusal(response).await;
    Err(match status.as_u16() {
        401 => ClientError::Token(refusal.message),
        403 | 404 | 409 | 410 | 413 | 415 | 422 => ClientError::Refused(Box::new(refusal)),
        _ => ClientError::Unexpected(refusal.to_string()),
    })
}

/// As [`check`], for requests to the URL of an upload, where 404 and 409 are no refusals.
pub(crate) async fn check_upload(response: Response) -> Result<Response, ClientError> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(ClientError::UnknownUpload),
        StatusCode::CONFLICT => Err(ClientError::OffsetMismatch),
        _ => check(response).await,
    }
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::LOCKED | StatusCode::TOO_MANY_REQUESTS
        )
}

/// `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => until(rfc2822::parse(text).ok()?.timestamp(), Clock::system().now()),
    }
}

fn until(then: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(then.duration_since(now)).ok()
}

/// The `data` of a response.
pub(crate) async fn data<T: for<'de> Deserialize<'de>>(response: Response) -> Option<T> {
    let body = read_body(response).await?;
    serde_json::from_slice(&body).ok().map(|envelope: Envelope<T>| envelope.data)
}

async fn refusal(response: Response) -> ServerRefusal {
    let status = response.status();
    let unreadable = || ServerRefusal { message: status.to_string(), ..ServerRefusal::default() };
    ServerRefusal { status, ..data(response).await.unwrap_or_else(unreadable) }
}

async fn read_body(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.ok()? {
        if body.len() + bytes.len() > MAX_RESPONSE {
            return None;
        }
        body.extend_from_slice(&bytes);
    }
    Some(body)
}

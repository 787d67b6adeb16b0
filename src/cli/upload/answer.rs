//! What a server's answer means to a client, whatever the door.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::token;
use crate::model::{Clock, Digest};

/// Most bytes of an answer that are read: ours have a few hundred.
const MOST: usize = 64 * 1024;

/// Why a request did not bring what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// No answer: not reached, or cut.
    #[error("the server cannot be reached")]
    Network(#[source] reqwest::Error),
    /// The network took nothing and nobody answered.
    #[error("the network stands still")]
    Stalled,
    /// Not now.
    #[error("the server says {status}")]
    Busy {
        status: StatusCode,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// 409: the bytes do not go where we thought (T-17).
    #[error("the server goes on from another byte")]
    OtherOffset,
    /// 404: the upload has expired, or never was.
    #[error("the server does not know the upload")]
    Unknown,
    /// 401.
    #[error("the server does not take the token ({0}); {hint}", hint = token::HOW_TO_GET_ONE)]
    Token(String),
    /// No, for good.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// Nothing that such a server would say.
    #[error("is that a forte-media server? It says {0}")]
    Odd(String),
    /// The file.
    #[error("cannot read the file")]
    File(#[from] io::Error),
}

/// A refusal in the server's words (`forteleasing-api.md` §6.8).
#[derive(Debug, Clone, Default, Deserialize, thiserror::Error)]
#[error("{status}: {message}")]
pub(crate) struct Refused {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The stable code, such as `video_refused`.
    pub(crate) error: Option<String>,
    /// What the operator can find it by.
    pub(crate) request_id: Option<String>,
    #[serde(default)]
    pub(crate) details: Value,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

impl Trouble {
    /// Whether the same is worth trying again.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Stalled | Self::Busy { .. } | Self::OtherOffset)
    }

    /// How long the server asks to be left alone.
    pub(crate) fn asks_to_wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } => *after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for Trouble {
    /// Without the URL: an upload's is a secret.
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error.without_url())
    }
}

impl Refused {
    /// Whether the report has a video already, and it is this one.
    pub(crate) fn is_for_having(&self, sha256: Digest) -> bool {
        let held = self.details.get("sha256").and_then(Value::as_str);
        self.error.as_deref() == Some("report_already_submitted")
            && held.and_then(|held| held.parse().ok()) == Some(sha256)
    }
}

/// Passes a good answer on.
///
/// # Errors
/// What any other answer means. A 404 or a 409 on an upload's own address are no refusals; see
/// [`of_upload`].
pub(crate) async fn good(response: Response) -> Result<Response, Trouble> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if comes_to_pass(status) {
        return Err(Trouble::Busy { status, after: retry_after(response.headers()) });
    }
    let refused = words(response).await;
    Err(match status.as_u16() {
        401 => Trouble::Token(refused.message),
        403 | 404 | 409 | 410 | 413 | 415 | 422 => Trouble::Refused(Box::new(refused)),
        _ => Trouble::Odd(format!("{status}: {}", refused.message)),
    })
}

/// As [`good`], for requests to an upload's own address.
pub(crate) async fn of_upload(response: Response) -> Result<Response, Trouble> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(Trouble::Unknown),
        StatusCode::CONFLICT => Err(Trouble::OtherOffset),
        _ => good(response).await,
    }
}

/// Overload, locks and failures of the server.
fn comes_to_pass(status: StatusCode) -> bool {
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

/// The data of an answer in our envelope.
pub(crate) async fn data<T: for<'de> Deserialize<'de>>(response: Response) -> Option<T> {
    let text = limited(response).await?;
    serde_json::from_slice(&text).ok().map(|envelope: Envelope<T>| envelope.data)
}

/// What the server says; the words of its status when it says nothing that we can read.
async fn words(response: Response) -> Refused {
    let status = response.status();
    let plain = || Refused { message: status.to_string(), ..Refused::default() };
    Refused { status, ..data(response).await.unwrap_or_else(plain) }
}

/// The body, unless it is longer than any of ours.
async fn limited(mut response: Response) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    while let Some(bytes) = response.chunk().await.ok()? {
        if text.len() + bytes.len() > MOST {
            return None;
        }
        text.extend_from_slice(&bytes);
    }
    Some(text)
}

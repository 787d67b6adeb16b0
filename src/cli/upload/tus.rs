//! The requests of tus 1.0, as a client makes them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::response::{self, ClientError, ServerRefusal};
use super::url_below::url_below;
use crate::model::{Length, Offset, Refusal};

const VERSION: (&str, &str) = ("Tus-Resumable", "1.0.0");
const UPLOAD_OFFSET: &str = "Upload-Offset";
const UPLOAD_LENGTH: &str = "Upload-Length";
/// Timeout of a request without a body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one server, with the token of one driver.
pub(crate) struct Tus {
    http: Client,
    server: Url,
    token: SecretString,
}

/// The state of an upload, as its owner may read it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct State {
    pub(crate) submission_id: Option<String>,
    pub(crate) refusal: Option<Refusal>,
}

impl Tus {
    pub(crate) fn new(http: Client, server: Url, token: SecretString) -> Self {
        Self { http, server, token }
    }

    /// Creates an upload and returns its URL, which is a secret.
    pub(crate) async fn create(
        &self,
        length: Length,
        metadata: &[(&str, String)],
    ) -> Result<Url, ClientError> {
        let uploads = url_below(&self.server, ["uploads"]);
        let request = self
            .request(Method::POST, &uploads)
            .timeout(TIMEOUT)
            .bearer_auth(self.token.expose_secret())
            .header(UPLOAD_LENGTH, length.get())
            .header("Upload-Metadata", encoded(metadata));
        let response = response::check(request.send().await?).await?;
        let location = text(&response, LOCATION.as_str())?;
        uploads
            .join(location)
            .map_err(|_| ClientError::Unexpected("Location is not a URL".to_owned()))
    }

    /// The offset of the next byte. An upload of another length counts as unknown.
    pub(crate) async fn head(&self, upload: &Url, length: Length) -> Result<Offset, ClientError> {
        let request = self.request(Method::HEAD, upload).timeout(TIMEOUT);
        let response = response::check_upload(request.send().await?).await?;
        let there: Length = number(&response, UPLOAD_LENGTH)?;
        let offset = number(&response, UPLOAD_OFFSET)?;
        if there == length { Ok(offset) } else { Err(ClientError::UnknownUpload) }
    }

    /// Appends `length` bytes at `offset`, and returns the offset of the next byte. Sends no token,
    /// which may expire during a long upload: the secret in the URL is enough. There is no timeout
    /// here, because a slow network is not an error; the caller detects a stalled connection.
    ///
    /// # Errors
    /// When the request failed. The server may have kept a part of the bytes: [`Tus::head`] returns
    /// the offset.
    pub(crate) async fn patch(
        &self,
        upload: &Url,
        offset: Offset,
        length: u64,
        body: Body,
    ) -> Result<Offset, ClientError> {
        let request = self
            .request(Method::PATCH, upload)
            .header(CONTENT_TYPE, "application/offset+octet-stream")
            .header(CONTENT_LENGTH, length)
            .header(UPLOAD_OFFSET, offset.get())
            .body(body);
        let response = response::check_upload(request.send().await?).await?;
        number(&response, UPLOAD_OFFSET)
    }

    /// The state of an upload, if the server tells it. Only the server's own origin gets the token.
    pub(crate) async fn state(&self, upload: &Url) -> Option<State> {
        if upload.origin() != self.server.origin() {
            return None;
        }
        let request = self.request(Method::GET, upload).timeout(TIMEOUT);
        let request = request.bearer_auth(self.token.expose_secret());
        let response = response::check(request.send().await.ok()?).await.ok()?;
        response::data(response).await
    }

    /// Adds the reason to a refusal without a body, such as 410 to `HEAD`.
    pub(crate) async fn why_refused(&self, upload: &Url, bare: ServerRefusal) -> ServerRefusal {
        if !bare.details.is_null() {
            return bare;
        }
        match self.state(upload).await.and_then(|state| state.refusal) {
            Some(refusal) => ServerRefusal {
                message: refusal.finding.message.clone(),
                error: Some("video_refused".to_owned()),
                details: serde_json::json!(refusal),
                ..bare
            },
            None => bare,
        }
    }

    fn request(&self, method: Method, to: &Url) -> RequestBuilder {
        self.http.request(method, to.clone()).header(VERSION.0, VERSION.1)
    }
}

/// `Upload-Metadata`: `key base64(value)`, separated by commas.
fn encoded(metadata: &[(&str, String)]) -> String {
    let pairs = metadata.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

fn text<'r>(response: &'r Response, name: &str) -> Result<&'r str, ClientError> {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| ClientError::Unexpected(format!("{} without {name}", response.status())))
}

fn number<T: std::str::FromStr>(response: &Response, name: &str) -> Result<T, ClientError> {
    text(response, name)?
        .parse()
        .map_err(|_| ClientError::Unexpected(format!("{name} is not a number")))
}

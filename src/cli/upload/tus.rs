//! The requests of tus 1.0, as a client makes them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::address;
use super::answer::{self, Refused, Trouble};
use crate::model::{Length, Offset, Refusal};

/// The version both sides speak (T-2).
const VERSION: (&str, &str) = ("Tus-Resumable", "1.0.0");
const UPLOAD_OFFSET: &str = "Upload-Offset";
const UPLOAD_LENGTH: &str = "Upload-Length";
/// How long a request without a body may take.
const SHORT: Duration = Duration::from_secs(30);

/// A client of one server.
pub(crate) struct Tus {
    http: Client,
    server: Url,
    token: SecretString,
}

/// What the server tells of an upload to its owner.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct State {
    /// What the upload became.
    pub(crate) submission_id: Option<String>,
    /// Why the inspection refused it.
    pub(crate) refusal: Option<Refusal>,
}

impl Tus {
    /// A client that may create uploads in the name of the token's owner.
    pub(crate) fn new(http: Client, server: Url, token: SecretString) -> Self {
        Self { http, server, token }
    }

    /// Begins an upload (T-28, T-32); answers its address, which is a secret.
    ///
    /// # Errors
    /// When the server does not take it.
    pub(crate) async fn create(
        &self,
        length: Length,
        metadata: &[(&str, String)],
    ) -> Result<Url, Trouble> {
        let uploads = address(&self.server, ["uploads"]);
        let request = self
            .request(Method::POST, &uploads)
            .timeout(SHORT)
            .bearer_auth(self.token.expose_secret())
            .header(UPLOAD_LENGTH, length.get())
            .header("Upload-Metadata", encoded(metadata));
        let response = answer::good(request.send().await?).await?;
        let location = text(&response, LOCATION.as_str())?;
        uploads.join(location).map_err(|_| Trouble::Odd("Location is no address".to_owned()))
    }

    /// Asks where the next byte goes.
    ///
    /// # Errors
    /// [`Trouble::Unknown`] also when what is there has another length.
    pub(crate) async fn head(&self, upload: &Url, length: Length) -> Result<Offset, Trouble> {
        let request = self.request(Method::HEAD, upload).timeout(SHORT);
        let response = answer::of_upload(request.send().await?).await?;
        let there: Length = number(&response, UPLOAD_LENGTH)?;
        let offset = number(&response, UPLOAD_OFFSET)?;
        if there == length { Ok(offset) } else { Err(Trouble::Unknown) }
    }

    /// Brings `length` bytes from `offset` on; answers where the next one goes. The address alone
    /// opens the door: the token may have run out on the way. There is no time limit on it, as a
    /// slow network is none of its faults.
    ///
    /// # Errors
    /// When the piece was not taken. Part of it may have been: ask with [`Tus::head`].
    pub(crate) async fn patch(
        &self,
        upload: &Url,
        offset: Offset,
        length: u64,
        body: Body,
    ) -> Result<Offset, Trouble> {
        let request = self
            .request(Method::PATCH, upload)
            .header(CONTENT_TYPE, "application/offset+octet-stream")
            .header(CONTENT_LENGTH, length)
            .header(UPLOAD_OFFSET, offset.get())
            .body(body);
        let response = answer::of_upload(request.send().await?).await?;
        number(&response, UPLOAD_OFFSET)
    }

    /// What became of an upload, if the server tells. Only its own addresses get the token.
    pub(crate) async fn state(&self, upload: &Url) -> Option<State> {
        if upload.origin() != self.server.origin() {
            return None;
        }
        let request = self.request(Method::GET, upload).timeout(SHORT);
        let request = request.bearer_auth(self.token.expose_secret());
        let response = answer::good(request.send().await.ok()?).await.ok()?;
        answer::data(response).await
    }

    /// Why an upload has ended: `HEAD` has no words (410), but its owner may ask.
    pub(crate) async fn why_refused(&self, upload: &Url, said: Refused) -> Refused {
        if !said.details.is_null() {
            return said;
        }
        match self.state(upload).await.and_then(|state| state.refusal) {
            Some(refusal) => Refused {
                message: refusal.finding.message.clone(),
                error: Some("video_refused".to_owned()),
                details: serde_json::json!(refusal),
                ..said
            },
            None => said,
        }
    }

    fn request(&self, method: Method, to: &Url) -> RequestBuilder {
        self.http.request(method, to.clone()).header(VERSION.0, VERSION.1)
    }
}

/// `key SP base64(value)`, comma between (T-32).
fn encoded(metadata: &[(&str, String)]) -> String {
    let pairs = metadata.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

fn text<'r>(response: &'r Response, name: &str) -> Result<&'r str, Trouble> {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| Trouble::Odd(format!("{} without {name}", response.status())))
}

fn number<T: std::str::FromStr>(response: &Response, name: &str) -> Result<T, Trouble> {
    text(response, name)?.parse().map_err(|_| Trouble::Odd(format!("{name} is no number")))
}

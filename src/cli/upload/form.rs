//! The documented door: one multipart POST (E9), which cannot resume.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Client};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::address;
use super::answer::{self, Trouble};
use super::body::{piece, while_moving};
use super::clip::Clip;
use super::details::Details;
use super::multipart;
use super::outcome::Sent;
use super::patience::Patience;
use super::progress::Progress;
use crate::model::{Digest, Offset};

/// One form for one server.
pub(crate) struct Form {
    pub(crate) http: Client,
    pub(crate) server: Url,
    pub(crate) token: SecretString,
    pub(crate) clip: Clip,
    pub(crate) details: Details,
}

/// What the server adds to the document's answer.
#[derive(Deserialize)]
struct Saved {
    submission_id: Option<String>,
    sha256: Option<Digest>,
}

impl Form {
    /// Posts the video, from the beginning after each cut.
    ///
    /// # Errors
    /// When the server refuses, or patience ends.
    pub(crate) async fn post(
        &self,
        mut patience: Patience,
        progress: &Progress,
    ) -> Result<Sent, Trouble> {
        let outcome = loop {
            match while_moving(self.try_once(progress), progress).await {
                Err(trouble) if trouble.passes() => patience.get_over(trouble, progress).await?,
                outcome => break outcome,
            }
        };
        progress.end();
        outcome
    }

    async fn try_once(&self, progress: &Progress) -> Result<Sent, Trouble> {
        progress.set(Offset::START);
        let end = multipart::end(&multipart::boundary(&self.clip));
        let (head, tail) = (self.head(), format!("\r\n{end}"));
        let video = self.clip.length.get();
        let length = video.saturating_add((head.len() + tail.len()) as u64);
        let bytes = piece(&self.clip, Offset::START, video, progress).await?;
        let body = text(head).chain(bytes).chain(text(tail));
        let request = self
            .http
            .post(address(&self.server, ["reports", "upload"]))
            .bearer_auth(self.token.expose_secret())
            .header(CONTENT_TYPE, multipart::content_type(&self.clip))
            .header(CONTENT_LENGTH, length)
            .body(Body::wrap_stream(body));
        let response = answer::good(request.send().await?).await?;
        let saved: Option<Saved> = answer::data(response).await;
        Ok(saved.map_or_else(Sent::default, |saved| Sent {
            submission: saved.submission_id,
            sha256: saved.sha256,
        }))
    }

    /// Everything before the bytes; the fields first, so that a refusal can come before the video.
    fn head(&self) -> Vec<u8> {
        let mut form = multipart::Form::new(&self.clip);
        for (name, value) in self.details.fields(&self.clip) {
            form.text(name, &value);
        }
        let name = quoted(&self.clip.name());
        form.open(&format!(
            "name=\"file\"; filename=\"{name}\"\r\nContent-Type: video/mp4\r\n\r\n"
        ));
        form.written()
    }
}

/// A file's name between quotes, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn text(text: impl Into<Bytes>) -> stream::Iter<std::array::IntoIter<io::Result<Bytes>, 1>> {
    stream::iter([Ok(text.into())])
}

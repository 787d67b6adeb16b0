//! Sends the video, with tus (resumed after every interruption) or as one form.

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::arguments::Details;
use super::progress::Progress;
use super::response::{self, ClientError};
use super::retry::{Retry, unless_stalled};
use super::saved::SavedUpload;
use super::tus::Tus;
use super::url_below::url_below;
use super::video::Video;
use crate::model::{Digest, Offset};

/// What the server says about a video that it has stored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Stored {
    pub(super) submission_id: Option<String>,
    /// The hash of the stored bytes. Not known over tus, where the server compares the declared one.
    pub(super) sha256: Option<Digest>,
}

/// A transfer over tus.
pub(super) struct TusTransfer {
    pub(super) tus: Tus,
    pub(super) video: Video,
    pub(super) details: Details,
    pub(super) saved: SavedUpload,
    pub(super) retry: Retry,
    pub(super) progress: Progress,
}

impl TusTransfer {
    /// Continues the upload of an earlier run, or creates one, and sends the rest in requests of at
    /// most `chunk` bytes. After a transient error the next run continues.
    pub(super) async fn run(mut self, chunk: Option<u64>) -> Result<Stored, ClientError> {
        let stored = self.send(chunk.unwrap_or(u64::MAX)).await;
        self.progress.finish();
        if matches!(stored, Ok(_) | Err(ClientError::Refused(_))) {
            self.saved.remove();
        }
        stored
    }

    async fn send(&mut self, chunk: u64) -> Result<Stored, ClientError> {
        let (mut upload, offset) = match self.saved.upload() {
            Some(upload) => {
                self.progress.print("continuing the upload of an earlier run");
                (upload, None)
            }
            None => (self.create().await?, Some(Offset::START)),
        };
        let mut sent = self.send_bytes(&upload, offset, chunk).await;
        if let Err(ClientError::UnknownUpload) = sent {
            // Once only: a server that loses every upload would be sent the video for ever.
            self.progress.print("the server no longer has the upload; starting again");
            upload = self.create().await?;
            sent = self.send_bytes(&upload, Some(Offset::START), chunk).await;
        }
        match sent {
            Ok(()) => {
                let state = self.tus.state(&upload).await;
                let submission_id = state.and_then(|state| state.submission_id);
                Ok(Stored { submission_id, sha256: None })
            }
            Err(ClientError::Refused(refusal)) => {
                let refusal = self.tus.why_refused(&upload, *refusal).await;
                Err(ClientError::Refused(Box::new(refusal)))
            }
            Err(error) => Err(error),
        }
    }

    /// Creates an upload and saves its URL.
    async fn create(&mut self) -> Result<Url, ClientError> {
        let mut metadata = self.details.fields(&self.video).to_vec();
        metadata.push(("filename", self.video.name()));
        metadata.push(("filetype", "video/mp4".to_owned()));
        loop {
            match self.tus.create(self.video.length, &metadata).await {
                Ok(upload) => {
                    self.retry.reset();
                    if let Err(error) = self.saved.save(&upload) {
                        let effect = "another run of this command cannot continue the upload";
                        self.progress.print(&format!("{effect}: {error}"));
                    }
                    return Ok(upload);
                }
                Err(error) => self.retry.wait(error, &self.progress).await?,
            }
        }
    }

    /// Sends everything from `offset` on; without it, from where the server is.
    async fn send_bytes(
        &mut self,
        upload: &Url,
        mut offset: Option<Offset>,
        chunk: u64,
    ) -> Result<(), ClientError> {
        let mut confirmed = Offset::START;
        loop {
            let result = match offset {
                Some(offset) => self.patch(upload, offset, chunk).await,
                None => self.head(upload).await,
            };
            match result {
                Ok(next) => {
                    // Only progress resets the count, so that a server that takes nothing is given up.
                    if next > confirmed {
                        confirmed = next;
                        self.retry.reset();
                    }
                    if next.reaches(self.video.length) {
                        return Ok(());
                    }
                    offset = Some(next);
                }
                Err(error) => {
                    self.retry.wait(error, &self.progress).await?;
                    offset = None;
                }
            }
        }
    }

    async fn patch(&self, upload: &Url, offset: Offset, chunk: u64) -> Result<Offset, ClientError> {
        let rest = self.video.length.get().saturating_sub(offset.get());
        let length = rest.min(chunk);
        self.progress.set(offset);
        let body = self.video.part(offset, length, &self.progress).await?;
        unless_stalled(self.tus.patch(upload, offset, length, body), &self.progress).await
    }

    async fn head(&self, upload: &Url) -> Result<Offset, ClientError> {
        let offset = self.tus.head(upload, self.video.length).await?;
        self.progress.print(&format!("resuming at byte {offset}"));
        Ok(offset)
    }
}

/// The documented multipart POST, which cannot be resumed.
pub(super) struct FormTransfer {
    pub(super) http: Client,
    pub(super) server: Url,
    pub(super) token: SecretString,
    pub(super) video: Video,
    pub(super) details: Details,
}

impl FormTransfer {
    /// Sends the whole video, again from its first byte after each interruption.
    pub(super) async fn run(
        &self,
        mut retry: Retry,
        progress: &Progress,
    ) -> Result<Stored, ClientError> {
        let stored = loop {
            match unless_stalled(self.post(progress), progress).await {
                Err(error) if error.is_transient() => retry.wait(error, progress).await?,
                stored => break stored,
            }
        };
        progress.finish();
        stored
    }

    async fn post(&self, progress: &Progress) -> Result<Stored, ClientError> {
        progress.set(Offset::START);
        let length = self.video.length.get();
        let body = self.video.part(Offset::START, length, progress).await?;
        let file =
            Part::stream_with_length(body, length).file_name(header_safe(&self.video.name()));
        // The fields go first, so that the server can refuse before the video.
        let form =
            upload_form(&self.details, &self.video).part("file", file.mime_str("video/mp4")?);
        let request = self
            .http
            .post(url_below(&self.server, ["reports", "upload"]))
            .bearer_auth(self.token.expose_secret())
            .multipart(form);
        let response = response::check(request.send().await?).await?;
        Ok(response::data(response).await.unwrap_or_default())
    }
}

/// Line ends would break the header of the part; browsers encode them like this.
fn header_safe(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A")
}

/// A form with the fields of an upload. File names are not percent-encoded, as in browsers.
pub(super) fn upload_form(details: &Details, video: &Video) -> Form {
    let fields = details.fields(video).into_iter();
    fields.fold(Form::new().percent_encode_noop(), |form, (name, value)| form.text(name, value))
}

#[cfg(test)]
mod tests {
    use super::header_safe;

    #[test]
    fn line_ends_in_a_file_name_do_not_reach_the_header() {
        assert_eq!(header_safe("a\r\nb\"в.mp4"), "a%0D%0Ab\"в.mp4");
    }
}

//! An upload through the tus door: however often it is cut, it goes on from where the server is.

use reqwest::Body;
use url::Url;

use super::answer::Trouble;
use super::body::{piece, while_moving};
use super::clip::Clip;
use super::details::Details;
use super::outcome::Sent;
use super::patience::Patience;
use super::progress::Progress;
use super::remembered::Remembered;
use super::tus::Tus;
use crate::model::Offset;

/// Everything the way needs.
pub(crate) struct Journey {
    pub(crate) tus: Tus,
    pub(crate) clip: Clip,
    pub(crate) details: Details,
    pub(crate) remembered: Remembered,
    pub(crate) patience: Patience,
    pub(crate) progress: Progress,
}

impl Journey {
    /// Goes on with the upload that an earlier run began, or begins one, and sees it through; at
    /// most `chunk` bytes a request.
    ///
    /// # Errors
    /// When the server refuses, or patience ends. What was acknowledged is kept there, and the
    /// next run goes on from it, unless the upload has ended.
    pub(crate) async fn make(mut self, chunk: Option<u64>) -> Result<Sent, Trouble> {
        let outcome = self.arrive(chunk).await;
        self.progress.end();
        if matches!(outcome, Ok(_) | Err(Trouble::Refused(_))) {
            self.remembered.forget();
        }
        outcome
    }

    async fn arrive(&mut self, chunk: Option<u64>) -> Result<Sent, Trouble> {
        let chunk = chunk.unwrap_or(u64::MAX);
        let (upload, offset) = self.begin().await?;
        match self.carry(&upload, offset, chunk).await {
            // Once: a server that forgets at once would have us send for ever.
            Err(Trouble::Unknown) => {
                self.progress.say("the server no longer knows the upload; beginning anew");
                let upload = self.create().await?;
                self.carry(&upload, Some(Offset::START), chunk).await
            }
            outcome => outcome,
        }
    }

    /// Where to go on: an offset is known only of an upload that has just begun.
    async fn begin(&mut self) -> Result<(Url, Option<Offset>), Trouble> {
        if let Some(upload) = self.remembered.upload() {
            self.progress.say("going on with the upload of an earlier run");
            return Ok((upload, None));
        }
        Ok((self.create().await?, Some(Offset::START)))
    }

    /// Begins an upload and remembers its address.
    async fn create(&mut self) -> Result<Url, Trouble> {
        let mut metadata = self.details.fields(&self.clip).to_vec();
        metadata.push(("filename", self.clip.name()));
        metadata.push(("filetype", "video/mp4".to_owned()));
        loop {
            match self.tus.create(self.clip.length, &metadata).await {
                Ok(upload) => {
                    self.patience.restore();
                    self.remember(&upload);
                    return Ok(upload);
                }
                Err(trouble) => self.get_over(trouble).await?,
            }
        }
    }

    fn remember(&self, upload: &Url) {
        if let Err(error) = self.remembered.keep(upload) {
            self.progress.say(&format!("a restart of this command will begin anew: {error}"));
        }
    }

    async fn carry(
        &mut self,
        upload: &Url,
        offset: Option<Offset>,
        chunk: u64,
    ) -> Result<Sent, Trouble> {
        match self.bring_all(upload, offset, chunk).await {
            Ok(()) => {
                let state = self.tus.state(upload).await;
                Ok(Sent { submission: state.and_then(|state| state.submission_id), sha256: None })
            }
            Err(Trouble::Refused(refused)) => {
                let refused = self.tus.why_refused(upload, *refused).await;
                Err(Trouble::Refused(Box::new(refused)))
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn bring_all(
        &mut self,
        upload: &Url,
        offset: Option<Offset>,
        chunk: u64,
    ) -> Result<(), Trouble> {
        let mut offset = match offset {
            Some(offset) => offset,
            None => self.ask(upload, Offset::START).await?,
        };
        while !offset.reaches(self.clip.length) {
            offset = match self.bring(upload, offset, chunk).await {
                Ok(next) => self.advanced(offset, next),
                Err(trouble) => {
                    self.get_over(trouble).await?;
                    self.ask(upload, offset).await?
                }
            };
        }
        Ok(())
    }

    /// One `PATCH`.
    async fn bring(&self, upload: &Url, offset: Offset, chunk: u64) -> Result<Offset, Trouble> {
        let rest = self.clip.length.get().saturating_sub(offset.get());
        let length = rest.min(chunk);
        self.progress.set(offset);
        let bytes = piece(&self.clip, offset, length, &self.progress).await?;
        let request = self.tus.patch(upload, offset, length, Body::wrap_stream(bytes));
        while_moving(request, &self.progress).await
    }

    /// Where the server is; `known` is where it was.
    async fn ask(&mut self, upload: &Url, known: Offset) -> Result<Offset, Trouble> {
        loop {
            match self.tus.head(upload, self.clip.length).await {
                Ok(offset) => {
                    self.progress.say(&format!("going on from byte {offset}"));
                    return Ok(self.advanced(known, offset));
                }
                Err(trouble) => self.get_over(trouble).await?,
            }
        }
    }

    /// Only progress restores patience: a server that takes nothing is left in the end.
    fn advanced(&mut self, from: Offset, to: Offset) -> Offset {
        if to > from {
            self.patience.restore();
        }
        to
    }

    /// Waits until the trouble may be over.
    async fn get_over(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.patience.get_over(trouble, &self.progress).await
    }
}

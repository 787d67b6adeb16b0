//! What a client brings along.

use axum::body::Body;
use axum::http::request::Parts;
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::http::AppState;
use crate::http::body::{BodyError, announced};
use crate::http::details::UploadFields;
use crate::http::multipart::reader::{Form, Part};
use crate::http::problem::Problem;
use crate::model::Length;
use crate::upload;

/// The bytes of the smallest box: fewer tell nothing.
const LEAST_HEAD: u64 = 8;

/// A form that was read.
pub(super) struct Brought {
    pub(super) named: UploadFields,
    pub(super) length: Length,
    pub(super) head: Bytes,
    pub(super) moov: Option<(u64, Bytes)>,
}

/// The same while it is read.
#[derive(Default)]
struct Reading {
    named: UploadFields,
    length: Option<String>,
    moov_at: Option<String>,
    head: Option<Bytes>,
    moov: Option<Bytes>,
}

impl Brought {
    /// Reads the form; none of its parts is kept beyond its limit.
    pub(super) async fn read(
        state: &AppState,
        asking: &Parts,
        body: Body,
    ) -> Result<Self, Problem> {
        let (head, moov) = (state.limits.max_head, state.uploads.moov_limit());
        let moov = usize::try_from(moov).unwrap_or(usize::MAX);
        let most = head.saturating_add(moov).saturating_add(state.limits.max_small_body);
        if announced(&asking.headers).is_some_and(|announced| announced > most as u64) {
            return Err(BodyError::TooLarge { limit: most }.into());
        }
        let files = &["head", "moov"];
        let mut form = Form::new(&asking.headers, body, &state.limits, most as u64, files)?;
        let named = UploadFields::from_query(&asking.uri)?;
        let mut reading = Reading { named, ..Reading::default() };
        while let Some(part) = form.next().await? {
            match part {
                Part::Text { name, value } => reading.text(&name, value)?,
                Part::File { name, bytes, .. } if name == "head" => {
                    once(&mut reading.head, collected(bytes, head).await?, &name)?;
                }
                Part::File { name, bytes, .. } => {
                    once(&mut reading.moov, collected(bytes, moov).await?, &name)?;
                }
            }
        }
        reading.done()
    }
}

impl Reading {
    fn text(&mut self, name: &str, value: String) -> Result<(), Problem> {
        match name {
            "length" => once(&mut self.length, value, name),
            "moov_at" => once(&mut self.moov_at, value, name),
            _ => self.named.add_same(name, value),
        }
    }

    /// Says at once what is missing, or cannot be.
    fn done(self) -> Result<Brought, Problem> {
        let mut wrong = Vec::new();
        let number = |text: Option<String>| text.map(|text| text.trim().parse::<u64>());
        let length = number(self.length).and_then(Result::ok);
        if length.is_none() {
            wrong.push(("length", "must be the length of the video in bytes".to_owned()));
        }
        let length = length.unwrap_or_default();
        let head = self.head.unwrap_or_default();
        if (head.len() as u64) < length.min(LEAST_HEAD) {
            wrong.push(("head", "must be the first bytes of the video".to_owned()));
        }
        let moov = match (number(self.moov_at), self.moov) {
            (None, None) => None,
            (Some(Ok(at)), Some(bytes)) => Some((at, bytes)),
            (_, moov) => {
                let (name, why) = match moov {
                    Some(_) => ("moov_at", "must be the place of moov in the video"),
                    None => ("moov", "is required with moov_at"),
                };
                wrong.push((name, why.to_owned()));
                None
            }
        };
        if !wrong.is_empty() {
            return Err(Problem::fields(&wrong));
        }
        Ok(Brought { named: self.named, length: Length::new(length), head, moov })
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), Problem> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Problem::unreadable(format!("{name} is there twice"))),
    }
}

/// All bytes of a part, at most so many.
async fn collected(mut bytes: upload::Body, most: usize) -> Result<Bytes, Problem> {
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|why| match why.downcast_ref() {
            Some(multer::Error::StreamSizeExceeded { .. }) => {
                BodyError::TooLarge { limit: most }.into()
            }
            _ => Problem::unreadable("the form ended too early; send it again"),
        })?;
        if all.len().saturating_add(piece.len()) > most {
            return Err(BodyError::TooLarge { limit: most }.into());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.into())
}

//! The form of a preflight.

use axum::body::Body;
use axum::http::request::Parts;
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::http::body::{BodyError, content_length};
use crate::http::details::UploadFields;
use crate::http::multipart::reader::{Form, KnownParts, Part, TextParts, unterminated};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::model::Length;
use crate::upload;

const PARTS: KnownParts = KnownParts {
    files: &["head", "moov"],
    texts: TextParts::Matching(|name| {
        matches!(name, "length" | "moov_at") || UploadFields::is_known(name)
    }),
};

/// The length of the smallest box.
const MIN_HEAD: u64 = 8;

#[derive(Default)]
pub(super) struct PreflightForm {
    pub(super) fields: UploadFields,
    length: Option<String>,
    moov_at: Option<String>,
    head: Option<Bytes>,
    moov: Option<Bytes>,
}

/// The parts of a video.
pub(super) struct VideoParts {
    pub(super) length: Length,
    pub(super) head: Bytes,
    /// The box `moov` and its position.
    pub(super) moov: Option<(u64, Bytes)>,
}

impl PreflightForm {
    pub(super) async fn read(state: &AppState, head: &Parts, body: Body) -> Result<Self, Problem> {
        let max_head = state.limits.max_head;
        let max_moov = usize::try_from(state.uploads.moov_limit()).unwrap_or(usize::MAX);
        let max = max_head.saturating_add(max_moov).saturating_add(state.limits.max_small_body);
        if content_length(&head.headers).is_some_and(|length| length > max as u64) {
            return Err(BodyError::TooLarge { limit: max }.into());
        }
        let mut parts = Form::new(&head.headers, body, &state.limits, max as u64, PARTS)?;
        let fields = UploadFields::from_query(&head.uri)?;
        let mut form = Self { fields, ..Self::default() };
        while let Some(part) = parts.next().await? {
            match part {
                Part::Text { name, value } => match name.as_str() {
                    "length" => set_once(&mut form.length, value, &name)?,
                    "moov_at" => set_once(&mut form.moov_at, value, &name)?,
                    _ => form.fields.add_consistent(&name, value)?,
                },
                Part::File { name, bytes, .. } => {
                    let (field, limit) = match name.as_str() {
                        "head" => (&mut form.head, max_head),
                        _ => (&mut form.moov, max_moov),
                    };
                    let bytes = collect(bytes, limit).await;
                    let bytes = bytes.map_err(|error| file_problem(error, &parts))?;
                    set_once(field, bytes, &name)?;
                }
                Part::Skipped => {}
            }
        }
        Ok(form)
    }

    /// The parts of the video, or a problem that names every missing and every invalid one.
    pub(super) fn video_parts(&mut self) -> Result<VideoParts, Problem> {
        let mut errors = Vec::new();
        let mut error = |name, message: &str| errors.push((name, message.to_owned()));
        let number = |text: &Option<String>| text.as_deref().map(|text| text.trim().parse::<u64>());
        let length = number(&self.length).and_then(Result::ok);
        if length.is_none() {
            error("length", "must be the length of the video in bytes");
        }
        let length = length.unwrap_or_default();
        let head = self.head.take().unwrap_or_default();
        if (head.len() as u64) < length.min(MIN_HEAD) {
            error("head", "must be the first bytes of the video");
        }
        let moov = match (number(&self.moov_at), self.moov.take()) {
            (Some(Ok(at)), Some(bytes)) => Some((at, bytes)),
            (None, None) => None,
            (_, None) => {
                error("moov", "is required with moov_at");
                None
            }
            (_, Some(_)) => {
                error("moov_at", "must be the position of moov in the video");
                None
            }
        };
        if !errors.is_empty() {
            return Err(Problem::fields(&errors));
        }
        Ok(VideoParts { length: Length::new(length), head, moov })
    }
}

fn set_once<T>(field: &mut Option<T>, value: T, name: &str) -> Result<(), Problem> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Problem::unreadable(format!("{name} occurs twice"))),
    }
}

fn file_problem(error: BodyError, form: &Form) -> Problem {
    match error {
        BodyError::Incomplete if form.is_unterminated() => unterminated(),
        error => error.into(),
    }
}

/// The bytes of a part, at most `limit`.
async fn collect(mut chunks: upload::Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| match error.downcast_ref() {
            Some(multer::Error::StreamSizeExceeded { .. }) => BodyError::TooLarge { limit },
            _ => BodyError::Incomplete,
        })?;
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

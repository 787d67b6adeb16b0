//! A multipart form, read part by part. Everything but the files is limited here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::BoxError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::task::yield_now;

use crate::http::body::BodyError;
use crate::http::config::RequestLimits;
use crate::http::header_params::ParameterizedValue;
use crate::http::problem::Problem;
use crate::http::upload_errors;
use crate::model::Offset;
use crate::upload::{self, UploadError};

/// RFC 2046, section 5.1.1.
const MAX_BOUNDARY: usize = 70;

/// Apps send two or three.
const MAX_PART_HEADERS: usize = 16;

const UNLIMITED: usize = usize::MAX;

/// How much of a skipped part is read at a time.
const SKIP_STEP: usize = 64 * 1024;

/// The name of the part with a whole video. If a form with this part is too long, the video is too long.
pub(in crate::http) const VIDEO: &str = "file";

/// The parts that a handler reads. Apps and browsers add others, which are skipped.
#[derive(Clone, Copy)]
pub(in crate::http) struct KnownParts {
    pub(in crate::http) files: &'static [&'static str],
    pub(in crate::http) texts: TextParts,
}

#[derive(Clone, Copy)]
pub(in crate::http) enum TextParts {
    Matching(fn(&str) -> bool),
    /// In any case.
    Named(&'static [&'static str]),
}

impl TextParts {
    fn contain(self, name: &str) -> bool {
        match self {
            Self::Matching(matches) => matches(name),
            Self::Named(names) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }
}

pub(in crate::http) struct Form {
    parts: Multipart<'static>,
    known: KnownParts,
    state: Arc<ReadState>,
    parts_left: usize,
    max_text: usize,
    /// The part that is being skipped.
    skipped: Option<Field<'static>>,
}

/// What a form shares with the streams that read its body.
#[derive(Default)]
struct ReadState {
    /// The number of bytes that may still be read until the headers of the next part are complete.
    header_limit: AtomicUsize,
    /// Whether the body ended in the middle of a file.
    is_unterminated: AtomicBool,
}

pub(in crate::http) enum Part {
    Text {
        name: String,
        value: String,
    },
    /// To be read to its end before the next part.
    File {
        name: String,
        filename: String,
        /// The declared `Content-Type`.
        media_type: Option<String>,
        bytes: upload::Body,
    },
    /// Some bytes of a part that nobody reads.
    Skipped,
}

impl Form {
    /// Starts to read a body of at most `max_length` bytes.
    pub(in crate::http) fn new(
        headers: &HeaderMap,
        body: Body,
        limits: &RequestLimits,
        max_length: u64,
        known: KnownParts,
    ) -> Result<Self, Problem> {
        let boundary = boundary(headers).ok_or_else(|| {
            let message =
                "the body must be multipart/form-data with a boundary of at most 70 characters";
            Problem::unreadable(message)
        })?;
        let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(max_length));
        let state = Arc::new(ReadState::default());
        let chunks = single_chunks(body, Arc::clone(&state));
        let parts = Multipart::with_constraints(chunks, boundary, constraints);
        let (parts_left, max_text) = (limits.max_fields, limits.max_field);
        Ok(Self { parts, known, state, parts_left, max_text, skipped: None })
    }

    /// The next part, or some bytes of a skipped one; `None` after the last part.
    pub(in crate::http) async fn next(&mut self) -> Result<Option<Part>, Problem> {
        if let Some(field) = self.skipped.take() {
            return self.skip(field).await.map(Some);
        }
        self.state.header_limit.store(self.max_text, Ordering::Relaxed);
        let field = self.parts.next_field().await;
        self.state.header_limit.store(UNLIMITED, Ordering::Relaxed);
        let Some(field) = field.map_err(|error| self.problem(&error))? else { return Ok(None) };
        let parts_left = self.parts_left.checked_sub(1);
        self.parts_left =
            parts_left.ok_or_else(|| Problem::unreadable("the form has too many parts"))?;
        if field.headers().len() > MAX_PART_HEADERS {
            return Err(Problem::unreadable("a part of the form has more than 16 headers"));
        }
        let disposition = parameters(field.headers(), &header::CONTENT_DISPOSITION);
        let name = disposition.get("name").unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Problem::unreadable("the form has a field without a name"));
        }
        if self.known.files.contains(&name.as_str()) {
            return Ok(Some(self.file(name, &disposition, field)));
        }
        let read = if self.known.texts.contain(&name) {
            self.text(name, field).await
        } else {
            self.skip(field).await
        };
        read.map(Some)
    }

    /// Whether the body ended in the middle of a file, although the request was complete.
    pub(in crate::http) fn is_unterminated(&self) -> bool {
        self.state.is_unterminated.load(Ordering::Relaxed)
    }

    async fn text(&self, name: String, mut field: Field<'static>) -> Result<Part, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| self.problem(&error))? {
            if bytes.len() + chunk.len() > self.max_text {
                let max = self.max_text;
                return Err(Problem::unreadable(format!("{name} is longer than {max} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let value = String::from_utf8(bytes);
        let value = value.map_err(|_| Problem::unreadable(format!("{name} is not UTF-8")))?;
        Ok(Part::Text { name, value })
    }

    /// Reads one step of a part that nobody needs, so that the caller can time it.
    async fn skip(&mut self, mut field: Field<'static>) -> Result<Part, Problem> {
        let mut skipped = 0;
        while let Some(chunk) = field.chunk().await.map_err(|error| self.problem(&error))? {
            skipped += chunk.len();
            if skipped >= SKIP_STEP {
                self.skipped = Some(field);
                break;
            }
        }
        Ok(Part::Skipped)
    }

    fn file(&self, name: String, disposition: &ParameterizedValue, field: Field<'static>) -> Part {
        let filename = disposition.get("filename").unwrap_or_default().to_owned();
        let media_type = field.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into());
        let state = Arc::clone(&self.state);
        let bytes = stream::unfold((field, state), |(mut field, state)| async {
            let chunk = field.chunk().await.transpose()?;
            if chunk.as_ref().is_err_and(is_unterminated) {
                state.is_unterminated.store(true, Ordering::Relaxed);
            }
            Some((chunk.map_err(Into::into), (field, state)))
        });
        Part::File { name, filename, media_type, bytes: bytes.boxed() }
    }

    fn problem(&self, error: &multer::Error) -> Problem {
        let is_video = self.known.files.contains(&VIDEO);
        match error {
            multer::Error::StreamSizeExceeded { limit } if is_video => {
                upload_errors::too_long(*limit)
            }
            multer::Error::StreamSizeExceeded { limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                BodyError::TooLarge { limit }.into()
            }
            multer::Error::StreamReadFailed(cause) if cause.is::<HeadersTooLong>() => {
                Problem::unreadable(cause.to_string())
            }
            multer::Error::StreamReadFailed(_) if is_video => {
                upload_errors::for_form(UploadError::Cut(Offset::START))
            }
            multer::Error::StreamReadFailed(_) => BodyError::Incomplete.into(),
            error if is_unterminated(error) => unterminated(),
            // The error contains no bytes of the form.
            _ => Problem::unreadable(format!("the form cannot be parsed: {error}")),
        }
    }
}

/// 400: a repetition of the same request would fail again.
pub(in crate::http) fn unterminated() -> Problem {
    let message = "the form is not complete: the closing boundary after its last part is missing (a line \
                   of two hyphens, the boundary and two hyphens)";
    Problem::unreadable(message)
}

/// Whether the body ended before the form did. A connection that breaks is another error.
fn is_unterminated(error: &multer::Error) -> bool {
    use multer::Error::{IncompleteFieldData, IncompleteHeaders, IncompleteStream};
    matches!(error, IncompleteFieldData { .. } | IncompleteHeaders | IncompleteStream)
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = parameters(headers, &header::CONTENT_TYPE);
    let boundary = kind.get("boundary").filter(|_| kind.value == "multipart/form-data")?;
    (1..=MAX_BOUNDARY).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// A header with its parameters; empty if it is missing or malformed.
fn parameters(headers: &HeaderMap, name: &HeaderName) -> ParameterizedValue {
    let text = headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    text.and_then(ParameterizedValue::parse).unwrap_or_default()
}

#[derive(Debug, thiserror::Error)]
#[error("the headers of a part are too long")]
struct HeadersTooLong;

/// The body for `multer`, which buffers everything that a stream has ready before it parses any of it,
/// and searches for the headers of a part without a limit. So this stream pauses after each chunk, and
/// fails if the headers of a part are longer than the limit.
fn single_chunks(
    body: Body,
    state: Arc<ReadState>,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let chunks = body.into_data_stream();
    stream::try_unfold((chunks, state, true), |(mut chunks, state, is_first)| async move {
        if !is_first {
            yield_now().await;
        }
        if state.header_limit.load(Ordering::Relaxed) == 0 {
            return Err(HeadersTooLong.into());
        }
        let Some(chunk) = chunks.next().await.transpose()? else { return Ok(None) };
        // Read again, because the headers may have become complete while this chunk was awaited.
        let left = state.header_limit.load(Ordering::Relaxed);
        if left != UNLIMITED {
            state.header_limit.store(left.saturating_sub(chunk.len()), Ordering::Relaxed);
        }
        Ok(Some((chunk, (chunks, state, false))))
    })
}

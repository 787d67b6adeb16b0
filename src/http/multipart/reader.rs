//! A multipart form, read part by part. Everything but the files is limited here.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::BoxError;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::task::yield_now;

use crate::http::body::BodyError;
use crate::http::config::RequestLimits;
use crate::http::problem::Problem;
use crate::http::upload_errors;
use crate::upload;

/// RFC 2046, section 5.1.1.
const MAX_BOUNDARY: usize = 70;

const UNLIMITED: usize = usize::MAX;

/// The name of the part with a whole video. If a form with this part is too long, the video is too long.
pub(in crate::http) const VIDEO: &str = "file";

pub(in crate::http) struct Form {
    parts: Multipart<'static>,
    files: &'static [&'static str],
    /// The number of bytes that may still be read until the headers of the next part are complete.
    read_limit: Arc<AtomicUsize>,
    fields_left: usize,
    max_text: usize,
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
        bytes: upload::Body,
    },
}

impl Form {
    /// Starts to read a body of at most `max_length` bytes. Parts with the names `files` are files.
    pub(in crate::http) fn new(
        headers: &HeaderMap,
        body: Body,
        limits: &RequestLimits,
        max_length: u64,
        files: &'static [&'static str],
    ) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default()).ok();
        let boundary = boundary.filter(|boundary| boundary.len() <= MAX_BOUNDARY);
        let boundary = boundary.ok_or_else(|| {
            let message =
                "the body must be multipart/form-data with a boundary of at most 70 characters";
            Problem::unreadable(message)
        })?;
        let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(max_length));
        let read_limit = Arc::new(AtomicUsize::new(UNLIMITED));
        let chunks = single_chunks(body, Arc::clone(&read_limit));
        let parts = Multipart::with_constraints(chunks, boundary, constraints);
        let (fields_left, max_text) = (limits.max_fields, limits.max_field);
        Ok(Self { parts, files, read_limit, fields_left, max_text })
    }

    /// The next part; `None` after the last.
    pub(in crate::http) async fn next(&mut self) -> Result<Option<Part>, Problem> {
        self.read_limit.store(self.max_text, Ordering::Relaxed);
        let field = self.parts.next_field().await;
        self.read_limit.store(UNLIMITED, Ordering::Relaxed);
        let Some(field) = field.map_err(|error| self.problem(&error))? else { return Ok(None) };
        let fields_left = self.fields_left.checked_sub(1);
        self.fields_left =
            fields_left.ok_or_else(|| Problem::unreadable("the form has too many fields"))?;
        let name = field.name().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Problem::unreadable("the form has a field without a name"));
        }
        if self.files.contains(&name.as_str()) {
            return Ok(Some(file(name, field)));
        }
        self.text(name, field).await.map(Some)
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

    fn problem(&self, error: &multer::Error) -> Problem {
        match error {
            multer::Error::StreamSizeExceeded { limit } if self.files.contains(&VIDEO) => {
                upload_errors::too_long(*limit)
            }
            multer::Error::StreamSizeExceeded { limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                BodyError::TooLarge { limit }.into()
            }
            // The error contains no bytes of the form.
            _ => Problem::unreadable(format!("the form cannot be parsed: {error}")),
        }
    }
}

fn file(name: String, field: Field<'static>) -> Part {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let bytes = stream::unfold(field, |mut field| async {
        let chunk = field.chunk().await.transpose()?;
        Some((chunk.map_err(Into::into), field))
    });
    Part::File { name, filename, bytes: bytes.boxed() }
}

/// The body for `multer`, which buffers everything that a stream has ready before it parses any of it,
/// and searches for the headers of a part without a limit. So this stream pauses after each chunk, and
/// fails if the headers of a part are longer than `limit`.
fn single_chunks(
    body: Body,
    limit: Arc<AtomicUsize>,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let chunks = body.into_data_stream();
    stream::try_unfold((chunks, limit, true), |(mut chunks, limit, is_first)| async move {
        if !is_first {
            yield_now().await;
        }
        if limit.load(Ordering::Relaxed) == 0 {
            return Err(io::Error::other("the headers of a part are too long").into());
        }
        let Some(chunk) = chunks.next().await.transpose()? else { return Ok(None) };
        // Read again, because the headers may have become complete while this chunk was awaited.
        let left = limit.load(Ordering::Relaxed);
        if left != UNLIMITED {
            limit.store(left.saturating_sub(chunk.len()), Ordering::Relaxed);
        }
        Ok(Some((chunk, (chunks, limit, false))))
    })
}

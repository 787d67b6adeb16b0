//! A form, part by part, with limits on everything but the file, which the engine limits.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::{StreamExt as _, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};

use crate::http::body::BodyError;
use crate::http::config::RequestLimits;
use crate::http::problem::Problem;
use crate::http::upload_errors;
use crate::upload;

use super::sparing::{Allowance, Sparing};

/// RFC 2046 §5.1.1: no boundary is longer.
const LONGEST_BOUNDARY: usize = 70;

/// The part that is a whole video; a form that is too long with it is too long for its sake.
pub(in crate::http) const VIDEO: &str = "file";

/// A form being read.
pub(in crate::http) struct Form {
    parts: Multipart<'static>,
    files: &'static [&'static str],
    allowance: Allowance,
    left: usize,
    longest_text: usize,
}

/// A part of it.
pub(in crate::http) enum Part {
    /// A named text.
    Text {
        /// Its name.
        name: String,
        /// The text.
        value: String,
    },
    /// The file: to be read before the next part is asked for.
    File {
        /// The name of the part.
        name: String,
        /// The phone's name for it.
        filename: String,
        /// Its bytes.
        bytes: upload::Body,
    },
}

impl Form {
    /// Begins to read. `most` bounds the whole body; parts with the names `files` are files.
    pub(in crate::http) fn new(
        headers: &HeaderMap,
        body: Body,
        limits: &RequestLimits,
        most: u64,
        files: &'static [&'static str],
    ) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| no_form())?;
        if boundary.len() > LONGEST_BOUNDARY {
            return Err(no_form());
        }
        let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(most));
        let allowance = Allowance::default();
        let pieces = Sparing::new(body.into_data_stream(), allowance.clone());
        let parts = Multipart::with_constraints(pieces, boundary, constraints);
        let (left, longest_text) = (limits.max_fields, limits.max_field);
        Ok(Self { parts, files, allowance, left, longest_text })
    }

    /// The next part; `None` after the last.
    pub(in crate::http) async fn next(&mut self) -> Result<Option<Part>, Problem> {
        self.allowance.limit(self.longest_text);
        let field = self.parts.next_field().await;
        self.allowance.lift();
        let Some(field) = field.map_err(|why| self.broken(&why))? else { return Ok(None) };
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| Problem::unreadable("the form has too many fields"))?;
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "" => Err(Problem::unreadable("the form has a field without a name")),
            name_of_file if self.files.contains(&name_of_file) => Ok(Some(file(name, field))),
            _ => self.text(name, field).await.map(Some),
        }
    }

    async fn text(&self, name: String, mut field: Field<'static>) -> Result<Part, Problem> {
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|why| self.broken(&why))? {
            if bytes.len() + piece.len() > self.longest_text {
                let most = self.longest_text;
                return Err(Problem::unreadable(format!("{name}: at most {most} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        let value = String::from_utf8(bytes);
        let value = value.map_err(|_| Problem::unreadable(format!("{name} is not UTF-8")))?;
        Ok(Part::Text { name, value })
    }

    fn broken(&self, why: &multer::Error) -> Problem {
        match why {
            multer::Error::StreamSizeExceeded { limit } if self.files.contains(&VIDEO) => {
                upload_errors::too_long(*limit)
            }
            multer::Error::StreamSizeExceeded { limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                BodyError::TooLarge { limit }.into()
            }
            // The reason names no bytes of the form.
            _ => Problem::unreadable(format!("the form cannot be read: {why}")),
        }
    }
}

fn file(name: String, field: Field<'static>) -> Part {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let bytes = stream::unfold(field, |mut field| async {
        let piece = field.chunk().await.transpose()?;
        Some((piece.map_err(Into::into), field))
    });
    Part::File { name, filename, bytes: bytes.boxed() }
}

fn no_form() -> Problem {
    let message = "send multipart/form-data with a boundary of at most 70 characters";
    Problem::unreadable(message)
}

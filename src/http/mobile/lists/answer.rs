//! A list as JSON, written while it is read: memory holds a page or two, whatever the length.
//!
//! The order is that of the document: envelope, reports, info, filter. What `info` has to explain is
//! known by then, from the rows that were shown.

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{once, try_unfold};
use serde::Serialize;

use super::sheet::{Broken, Sheet, Step};
use crate::http::problem::{self, Problem};

/// How much is written before it is sent.
const PIECE: usize = 64 * 1024;

/// What an answer says before its lists.
#[derive(Debug, Default)]
pub(in crate::http::mobile) struct Said(Vec<u8>);

impl Said {
    /// The fields of a struct.
    pub(in crate::http::mobile) fn fields(fields: &impl Serialize) -> Result<Self, Problem> {
        let mut said = serde_json::to_vec(fields).map_err(|error| Broken::from(error).told())?;
        // What is between the braces goes on after what the envelope says first.
        said.pop();
        if let Some(brace) = said.first_mut() {
            *brace = b',';
        }
        Ok(Self(said))
    }
}

impl Sheet {
    /// Begins to write. What fails before the first piece is full becomes a problem; what fails later
    /// cuts the answer, and no client takes it for a whole one.
    pub(in crate::http::mobile) async fn answer(
        mut self,
        said: &Said,
    ) -> Result<Response, Problem> {
        self.out.say(r#"{"status":"ok","data":{"message":"success","code":200"#);
        self.out.raw(&said.0);
        let first = self.piece().await.map_err(Broken::told)?;
        let body = if matches!(self.step, Step::Done) {
            Body::from(first)
        } else {
            let rest = try_unfold(self, |mut sheet| async move {
                let piece = sheet.piece().await.inspect_err(Broken::log)?;
                Ok::<_, Broken>((!piece.is_empty()).then_some((piece, sheet)))
            });
            Body::from_stream(once(async { Ok(first) }).chain(rest))
        };
        let headers = [
            (header::CONTENT_TYPE, "application/json; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        Ok((StatusCode::OK, headers, body).into_response())
    }

    /// The next piece; empty at the end.
    async fn piece(&mut self) -> Result<Bytes, Broken> {
        while self.out.len() < PIECE && !matches!(self.step, Step::Done) {
            self.write().await?;
        }
        Ok(self.out.take().into())
    }
}

impl Broken {
    fn told(self) -> Problem {
        match self {
            Self::List(error) => error.into(),
            Self::Row(error) => {
                tracing::error!(%error, "a row cannot be written");
                problem::internal()
            }
        }
    }

    fn log(&self) {
        tracing::warn!(error = %self, "a list breaks off");
    }
}

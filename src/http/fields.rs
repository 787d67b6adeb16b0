//! The few named values of a small body, in whatever encoding they come (Q4): a form of either kind,
//! or JSON. Names in any case; numbers as text.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use tokio::time::timeout;

use super::error_code::ErrorCode;
use super::multipart::reader::{Form, Part, VIDEO};
use super::problem::Problem;
use super::{AppState, body, refusals};

/// Named values; names in lower case.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a body. One without bytes has no values.
    pub(super) async fn read(
        state: &AppState,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, Problem> {
        if !body::has_bytes(&body) {
            return Ok(Self::default());
        }
        let reading = Self::read_all(state, headers, body);
        let read = timeout(state.uploads.idle_timeout(), reading).await;
        // Whatever is left of the body will not be read.
        read.unwrap_or_else(|_| Err(cut())).map_err(refusals::closing)
    }

    async fn read_all(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let most = state.limits.max_small_body;
        if body::announced(headers).is_some_and(|announced| announced > most as u64) {
            return Err(too_long(most));
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            return Self::of_form(Form::new(headers, body, &state.limits, most as u64, &[VIDEO])?)
                .await;
        }
        let bytes = Limited::new(body, most).collect().await.map_err(|why| {
            if why.is::<http_body_util::LengthLimitError>() { too_long(most) } else { cut() }
        })?;
        let bytes = bytes.to_bytes();
        let text = std::str::from_utf8(&bytes);
        let text = text.map_err(|_| Problem::unreadable("the body is not UTF-8"))?;
        let text = text.trim_start_matches('\u{feff}').trim();
        // Some clients say the wrong type, or none: a form never begins with a bracket or a quote.
        if kind.contains("json") || text.starts_with(['{', '[', '"']) {
            Self::of_json(text)
        } else {
            Self::of_pairs(text, state.limits.max_fields)
        }
    }

    async fn of_form(mut form: Form) -> Result<Self, Problem> {
        let mut fields = Self::default();
        while let Some(part) = form.next().await? {
            match part {
                Part::Text { name, value } => fields.add(&name, value)?,
                Part::File { .. } => return Err(Problem::unreadable("no file belongs here")),
            }
        }
        Ok(fields)
    }

    fn of_json(text: &str) -> Result<Self, Problem> {
        let mut fields = Self::default();
        let value = serde_json::from_str(text);
        match value.map_err(|_| Problem::unreadable("the body is not JSON"))? {
            Value::Object(object) => {
                for (name, value) in object {
                    if let Some(value) = plain(value)? {
                        fields.add(&name, value)?;
                    }
                }
                Ok(fields)
            }
            // What clients send that have nothing to say.
            Value::Null => Ok(fields),
            Value::String(text) if text.is_empty() => Ok(fields),
            _ => Err(Problem::unreadable("the body must be a JSON object")),
        }
    }

    fn of_pairs(text: &str, most: usize) -> Result<Self, Problem> {
        let mut fields = Self::default();
        for (number, (name, value)) in url::form_urlencoded::parse(text.as_bytes()).enumerate() {
            if number >= most {
                return Err(Problem::unreadable("the form has too many fields"));
            }
            fields.add(&name, value.into_owned())?;
        }
        Ok(fields)
    }

    /// The same twice is fine; two that differ are not.
    fn add(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let name = name.to_lowercase();
        match self.0.get(&name) {
            // The name is the sender's: it is not repeated.
            Some(said) if *said != value => {
                Err(Problem::unreadable("a field is there twice, and differs"))
            }
            _ => {
                self.0.insert(name, value);
                Ok(())
            }
        }
    }

    /// A value, without blanks around it; an empty one is one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }
}

/// A JSON value as a form would have it.
fn plain(value: Value) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(word) => Ok(Some(word.to_string())),
        Value::Array(_) | Value::Object(_) => {
            Err(Problem::unreadable("the values must be texts or numbers"))
        }
    }
}

fn too_long(most: usize) -> Problem {
    let message = format!("the body has at most {most} bytes");
    Problem::new(ErrorCode::BodyTooLarge, message)
}

fn cut() -> Problem {
    Problem::unreadable("the body ended too early; send it again")
}

//! The named values of a small body in any of three encodings: multipart form, URL-encoded form or JSON.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use serde_json::{Number, Value};

use crate::model::strip_bom;

use super::AppState;
use super::body::{BodyError, has_bytes, read_small};
use super::multipart::reader::{Form, KnownParts, Part, TextParts};
use super::problem::Problem;

/// Values by their names. Numbers are kept as text.
#[derive(Debug)]
pub(super) struct Fields {
    /// The names that the handler reads, in lower case. Other names are ignored.
    known: &'static [&'static str],
    values: BTreeMap<&'static str, String>,
}

impl Fields {
    /// Reads the values of these names. An empty body has none.
    pub(super) async fn read(
        state: &AppState,
        headers: &HeaderMap,
        body: Body,
        known: &'static [&'static str],
    ) -> Result<Self, Problem> {
        let mut fields = Self { known, values: BTreeMap::new() };
        if has_bytes(&body) {
            fields.read_body(state, headers, body).await?;
        }
        Ok(fields)
    }

    async fn read_body(
        &mut self,
        state: &AppState,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(), Problem> {
        let limit = state.limits.max_small_body;
        let body = read_small(body, limit, state.uploads.idle_timeout()).await;
        let body = body.map_err(BodyError::slow_as_incomplete)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            let parts = KnownParts { files: &[], texts: TextParts::Named(self.known) };
            let form = Form::new(headers, body.into(), &state.limits, limit as u64, parts)?;
            return self.read_form(form).await;
        }
        let text = std::str::from_utf8(strip_bom(&body));
        let text = text.map_err(|_| Problem::unreadable("the body is not UTF-8"))?.trim();
        // Some clients send a wrong content type, or none. A form never begins with these characters.
        if kind.contains("json") || text.starts_with(['{', '[', '"']) {
            self.read_json(text)
        } else {
            self.read_pairs(text, state.limits.max_fields)
        }
    }

    async fn read_form(&mut self, mut form: Form) -> Result<(), Problem> {
        while let Some(part) = form.next().await? {
            match part {
                Part::Text { name, value } => self.add(&name, value)?,
                Part::File { .. } | Part::Skipped => {}
            }
        }
        Ok(())
    }

    fn read_json(&mut self, text: &str) -> Result<(), Problem> {
        let value = serde_json::from_str(text);
        match value.map_err(|_| Problem::unreadable("the body is not JSON"))? {
            Value::Object(object) => {
                for (name, value) in object {
                    if let Some(value) = as_text(value) {
                        self.add(&name, value)?;
                    }
                }
                Ok(())
            }
            // Some clients send these when they have no values.
            Value::Null => Ok(()),
            Value::String(text) if text.is_empty() => Ok(()),
            _ => Err(Problem::unreadable("the body must be a JSON object")),
        }
    }

    fn read_pairs(&mut self, text: &str, limit: usize) -> Result<(), Problem> {
        for (number, (name, value)) in url::form_urlencoded::parse(text.as_bytes()).enumerate() {
            if number >= limit {
                return Err(Problem::unreadable("the form has too many fields"));
            }
            self.add(&name, value.into_owned())?;
        }
        Ok(())
    }

    /// Adds a value. The same value twice is accepted, two different ones are an error. The error does
    /// not name the field, because its name comes from the client.
    fn add(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let is_meant = |known: &&&'static str| known.eq_ignore_ascii_case(name);
        let Some(name) = self.known.iter().find(is_meant) else { return Ok(()) };
        match self.values.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
            Entry::Occupied(entry) if *entry.get() == value => Ok(()),
            Entry::Occupied(_) => {
                Err(Problem::unreadable("a field occurs twice with different values"))
            }
        }
    }

    /// A value without surrounding white space; it may be empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim())
    }
}

/// A JSON value as a form would send it.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number_as_text(&number)),
        // No field is nested or a flag; apps add such values for other services.
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Some languages write each number as a floating-point one: `1.0` is `1`.
fn number_as_text(number: &Number) -> String {
    let text = number.to_string();
    let is_integer = |digits: &&str| !digits.contains(['.', 'e', 'E']);
    text.strip_suffix(".0").filter(is_integer).map(str::to_owned).unwrap_or(text)
}

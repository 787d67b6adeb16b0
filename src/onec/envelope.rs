//! The JSON around the fields of a message or of a single object.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use crate::model::strip_bom;

use super::error::OnecError;

/// A message whose items have not been read yet.
pub(super) struct Envelope {
    /// The fields except `items`.
    pub(super) fields: Map<String, Value>,
    pub(super) items: Option<Vec<Value>>,
}

/// The structure of a message. Deserializing it stores no values, so that a message is checked before
/// memory is spent on its items. It is an error if one of these fields occurs twice; other fields are
/// ignored.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "node")]
    _node: Option<IgnoredAny>,
    #[serde(rename = "message_no")]
    _message_no: Option<IgnoredAny>,
    #[serde(rename = "received_no")]
    _received_no: Option<IgnoredAny>,
    items: Option<Vec<IgnoredAny>>,
}

/// Reads a body that is one object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, OnecError> {
    parse(body)
}

/// Reads a message of at most `max_items` items.
pub(super) fn envelope(body: &[u8], max_items: usize) -> Result<Envelope, OnecError> {
    let outline: Outline = parse(body)?;
    if outline.items.is_some_and(|items| items.len() > max_items) {
        return Err(OnecError::TooManyItems { max: max_items });
    }
    let mut fields = object(body)?;
    let items = match fields.remove("items") {
        Some(Value::Array(items)) => Some(items),
        _ => None,
    };
    Ok(Envelope { fields, items })
}

/// The error names the position, but repeats nothing of the body.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, OnecError> {
    serde_json::from_slice(strip_bom(body)).map_err(|error| {
        let what = if error.is_eof() { "is incomplete" } else { "is invalid" };
        let (line, column) = (error.line(), error.column());
        OnecError::Unreadable(format!("the JSON {what} at line {line}, column {column}"))
    })
}

//! The JSON around the fields of a message or of a single object.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use crate::model::strip_bom;

use super::damaged::{Span, elements, members};
use super::error::OnecError;

/// A message whose items have not been read yet.
pub(super) struct Envelope {
    /// The fields except `items`.
    pub(super) fields: Map<String, Value>,
    pub(super) items: Option<Vec<Item>>,
}

/// An item, or why its JSON cannot be parsed, with its key if that can be found.
pub(super) enum Item {
    Parsed(Value),
    Damaged { ref_key: String, why: String },
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

/// Reads a message of at most `max_items` items. If only items are damaged, the others are read.
pub(super) fn envelope(body: &[u8], max_items: usize) -> Result<Envelope, OnecError> {
    let too_many = || OnecError::TooManyItems { max: max_items };
    let outline: Result<Outline, _> = parse(body);
    if let Ok(Outline { items: Some(items), .. }) = &outline
        && items.len() > max_items
    {
        return Err(too_many());
    }
    match outline.and_then(|_| object(body)) {
        Ok(mut fields) => {
            let items = match fields.remove("items") {
                Some(Value::Array(items)) => Some(items.into_iter().map(Item::Parsed).collect()),
                _ => None,
            };
            Ok(Envelope { fields, items })
        }
        Err(error) => {
            let envelope = damaged_envelope(strip_bom(body)).ok_or(error)?;
            let items = envelope.items.as_ref().map_or(0, Vec::len);
            if items > max_items { Err(too_many()) } else { Ok(envelope) }
        }
    }
}

/// A message in which only items cannot be parsed.
fn damaged_envelope(body: &[u8]) -> Option<Envelope> {
    let (mut fields, mut items) = (Map::new(), None);
    for (key, Span(value)) in members(body)? {
        if key == b"items" && items.is_none() {
            let read: Option<_> =
                elements(value)?.into_iter().map(|Span(item)| read_item(item)).collect();
            items = Some(read?);
            continue;
        }
        let key = std::str::from_utf8(key).ok()?.to_owned();
        if fields.insert(key, serde_json::from_slice(value).ok()?).is_some() {
            return None;
        }
    }
    items.map(|items| Envelope { fields, items: Some(items) })
}

/// `None` for what does not even look like an item.
fn read_item(item: &[u8]) -> Option<Item> {
    match serde_json::from_slice(item) {
        Ok(value) => Some(Item::Parsed(value)),
        Err(_) if !item.starts_with(b"{") => None,
        // The message names the kind of the fault, and repeats nothing of the body.
        Err(error) => Some(Item::Damaged { ref_key: key_of(item), why: error.to_string() }),
    }
}

/// The `ref_key` of a damaged item; empty if it cannot be found.
fn key_of(item: &[u8]) -> String {
    let members = members(item).unwrap_or_default();
    let key = members.iter().find(|(name, _)| *name == b"ref_key");
    key.and_then(|(_, Span(value))| serde_json::from_slice(value).ok()).unwrap_or_default()
}

/// The error names the position, but repeats nothing of the body.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, OnecError> {
    serde_json::from_slice(strip_bom(body)).map_err(|error| {
        let what = if error.is_eof() { "is incomplete" } else { "is invalid" };
        let (line, column) = (error.line(), error.column());
        OnecError::Unreadable(format!("the JSON {what} at line {line}, column {column}"))
    })
}

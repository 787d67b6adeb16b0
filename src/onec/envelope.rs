//! The envelope of a message: read within limits, whatever stands in its items.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as _, Deserializer};
use serde_json::{Map, Value};

use crate::model::strip_bom;

use super::error::OnecError;

/// A message, its items not yet looked at.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// `node`, `message_no` and the rest.
    pub(super) fields: Map<String, Value>,
    pub(super) items: Option<Vec<Value>>,
}

/// Reads a body into one object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, OnecError> {
    serde_json::from_slice(strip_bom(body)).map_err(|error| unreadable(&error))
}

/// Reads a message. It stops at the first item beyond `max_items`.
pub(super) fn envelope(body: &[u8], max_items: usize) -> Result<Envelope, OnecError> {
    let exceeded = Cell::new(false);
    let mut from = serde_json::Deserializer::from_slice(strip_bom(body));
    let read = Whole { max_items, exceeded: &exceeded }
        .deserialize(&mut from)
        .and_then(|envelope| from.end().map(|()| envelope));
    read.map_err(|error| {
        if exceeded.get() { OnecError::TooMany { max: max_items } } else { unreadable(&error) }
    })
}

/// Says where it is wrong and why, but nothing of what stands there.
fn unreadable(error: &serde_json::Error) -> OnecError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        _ => "cannot be read",
    };
    let (line, column) = (error.line(), error.column());
    OnecError::Unreadable(format!("the JSON {what} at line {line}, column {column}"))
}

struct Whole<'a> {
    max_items: usize,
    exceeded: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Envelope;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Envelope, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Envelope;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<String>()? {
            let twice = envelope.fields.contains_key(&name)
                || (name == "items" && envelope.items.is_some());
            if twice {
                return Err(A::Error::custom("a field is there twice"));
            }
            if name == "items" {
                let items = Items { max_items: self.max_items, exceeded: self.exceeded };
                envelope.items = map.next_value_seed(items)?;
            } else {
                envelope.fields.insert(name, map.next_value()?);
            }
        }
        Ok(envelope)
    }
}

struct Items<'a> {
    max_items: usize,
    exceeded: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Option<Vec<Value>>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Option<Vec<Value>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Item)? {
            if items.len() == self.max_items {
                self.exceeded.set(true);
                return Err(A::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(Some(items))
    }
}

/// Any JSON.
struct Item;

impl<'de> DeserializeSeed<'de> for Item {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        Value::deserialize(from)
    }
}

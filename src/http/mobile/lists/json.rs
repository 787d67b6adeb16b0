//! JSON text that is written piece by piece.

use axum::body::Bytes;
use serde::Serialize;

#[derive(Default)]
pub(super) struct Json {
    text: Vec<u8>,
    /// Whether the open list has an item.
    has_items: bool,
}

impl Json {
    pub(super) fn write(&mut self, json: &str) {
        self.bytes(json.as_bytes());
    }

    pub(super) fn bytes(&mut self, json: &[u8]) {
        self.text.extend_from_slice(json);
    }

    /// Writes `json`, which ends with the bracket of a list.
    pub(super) fn open_list(&mut self, json: &str) {
        self.write(json);
        self.has_items = false;
    }

    pub(super) fn value(&mut self, value: &impl Serialize) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut self.text, value)
    }

    /// Writes an item of the open list.
    pub(super) fn item(&mut self, value: &impl Serialize) -> Result<(), serde_json::Error> {
        if std::mem::replace(&mut self.has_items, true) {
            self.write(",");
        }
        self.value(value)
    }

    /// Writes the fields of a struct after other fields of an object.
    pub(super) fn fields(&mut self, fields: &impl Serialize) -> Result<(), serde_json::Error> {
        let object = serde_json::to_vec(fields)?;
        if let [b'{', fields @ .., b'}'] = object.as_slice()
            && !fields.is_empty()
        {
            self.write(",");
            self.bytes(fields);
        }
        Ok(())
    }

    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes the text so far. The open list stays open.
    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.text).into()
    }
}

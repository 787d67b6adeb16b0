//! JSON that is put together from pieces.

use serde::Serialize;

/// JSON under way. Rows cannot fail to be written: their keys are texts.
#[derive(Debug, Default)]
pub(super) struct Json {
    bytes: Vec<u8>,
    /// Whether something stands in the innermost list already.
    begun: bool,
}

impl Json {
    /// Writes this as it is.
    pub(super) fn say(&mut self, words: &str) {
        self.bytes.extend_from_slice(words.as_bytes());
    }

    /// Writes bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes this, which ends in the beginning of a list.
    pub(super) fn open(&mut self, words: &str) {
        self.say(words);
        self.begun = false;
    }

    /// Writes a value.
    pub(super) fn value(&mut self, value: &impl Serialize) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut self.bytes, value)
    }

    /// Goes on to the next entry of the innermost list.
    pub(super) fn next(&mut self) {
        if self.begun {
            self.bytes.push(b',');
        }
        self.begun = true;
    }

    /// Writes the next entry of the innermost list.
    pub(super) fn item(&mut self, value: &impl Serialize) -> Result<(), serde_json::Error> {
        self.next();
        self.value(value)
    }

    /// How much is written.
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what is written.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

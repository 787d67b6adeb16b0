//! Instructions for filming a vehicle.

use serde::{Deserialize, Serialize};

use super::texts::Language;

/// One item that a video must show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    pub ru: String,
    /// The Russian text if 1C has sent no Kazakh one.
    pub kk: String,
    /// The Russian text if 1C has sent no English one.
    pub en: String,
    /// A short Russian form, which pages show in lists and over the camera picture instead of the text; may be
    /// empty.
    #[serde(default)]
    pub short: String,
}

impl Instruction {
    /// The same text in all languages.
    pub fn of(text: &str) -> Self {
        let text = text.to_owned();
        Self { kk: text.clone(), en: text.clone(), short: String::new(), ru: text }
    }

    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Russian => &self.ru,
            Language::Kazakh => &self.kk,
            Language::English => &self.en,
        }
    }

    /// The short form in Russian, if there is one; else the text.
    pub fn short_text(&self, language: Language) -> &str {
        match language {
            Language::Russian if !self.short.is_empty() => &self.short,
            _ => self.text(language),
        }
    }
}

//! What a driver films.

use serde::{Deserialize, Serialize};

use super::texts::Language;

/// One of the things that a video must show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    pub ru: String,
    /// The Russian text if 1C has sent no other.
    pub kk: String,
    /// The Russian text if 1C has sent no other.
    pub en: String,
    /// A few Russian words that fit on the picture of the camera and in a list, where pages show them instead of
    /// the text; may be empty.
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

    /// The few words, which are Russian; the text in other languages, or if there are none.
    pub fn short_text(&self, language: Language) -> &str {
        match language {
            Language::Russian if !self.short.is_empty() => &self.short,
            _ => self.text(language),
        }
    }
}

//! The sentence of a problem, and the language it is in.

use axum::http::{HeaderMap, header};

use crate::model::Finding;
use crate::model::texts::{Language, Text};

/// The sentence of a problem.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// For developers, always in English.
    Technical(String),
    /// For drivers and companies, in the language of the request.
    Text(Text),
    /// The text for the driver about a refused video, in the language of the request.
    Finding(Box<Finding>),
}

impl Message {
    pub(super) fn in_language(&self, language: Language) -> String {
        match self {
            Self::Technical(sentence) => sentence.clone(),
            Self::Text(text) => text.get(language).to_owned(),
            Self::Finding(finding) => finding.driver_text(language),
        }
    }

    pub(super) fn is_translated(&self) -> bool {
        !matches!(self, Self::Technical(_))
    }
}

impl From<&str> for Message {
    fn from(sentence: &str) -> Self {
        Self::Technical(sentence.to_owned())
    }
}

impl From<String> for Message {
    fn from(sentence: String) -> Self {
        Self::Technical(sentence)
    }
}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Finding> for Message {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}

/// The language that `Accept-Language` asks for; Russian without it.
pub(super) fn requested_language(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    Language::from_accept_language(&lines.join(","))
}

//! Why a reviewer rejects a video: chosen reasons, what the video does not show, and free text. The driver
//! reads it in any language; 1C and the lists of the API document get the Russian text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instruction::Instruction;
use super::texts::{Language, Text, text};
use super::words::word_enum;

/// More than the instructions of any vehicle type.
const MAX_ITEMS: usize = 50;
/// In characters, of one item: instructions are one line.
const LONGEST_ITEM: usize = 500;

word_enum! {
    /// A common reason.
    #[derive(PartialOrd, Ord)]
    RejectCode {
        Blur = "blur",
        Plate = "plate",
        /// Another vehicle was filmed.
        Vehicle = "vehicle",
        Old = "old",
        Sides = "sides",
        Dirt = "dirt",
    }
}

impl RejectCode {
    /// As a driver and a reviewer read it.
    pub const fn text(self) -> Text {
        match self {
            Self::Blur => text!("reject.t.blur"),
            Self::Plate => text!("reject.t.plate"),
            Self::Vehicle => text!("reject.t.vehicle"),
            Self::Old => text!("reject.t.old"),
            Self::Sides => text!("reject.t.sides"),
            Self::Dirt => text!("reject.t.dirt"),
        }
    }
}

/// The reasons of a rejection; empty for an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejection {
    #[serde(default)]
    pub codes: Vec<RejectCode>,
    /// The instructions of the vehicle type that the video does not show, as the type states them.
    #[serde(default)]
    pub items: Vec<String>,
    /// In the reviewer's own words.
    #[serde(default)]
    pub text: String,
}

/// Why the reasons are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RejectionError {
    #[error("a rejection needs a reason")]
    Empty,
    #[error("the text must have at most {} characters", Rejection::LONGEST_TEXT)]
    TextTooLong,
    #[error("at most {MAX_ITEMS} items of at most {LONGEST_ITEM} characters can be missing")]
    TooManyItems,
    #[error("all reasons together must have at most {} characters", Rejection::LONGEST_REASON)]
    ReasonTooLong,
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl Rejection {
    /// In characters.
    pub const LONGEST_TEXT: usize = 1_000;
    /// Of a reason in one text, in characters: the limit of the API.
    pub const LONGEST_REASON: usize = 2_000;

    /// Brings the reasons into the form that is stored: trimmed, each once, codes in their usual order.
    pub fn normalized(mut self) -> Result<Self, RejectionError> {
        let text = self.text.replace("\r\n", "\n");
        text.trim().clone_into(&mut self.text);
        self.codes.sort_unstable();
        self.codes.dedup();
        let mut items: Vec<String> = Vec::new();
        for item in self.items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()) {
            if !items.iter().any(|other| other == item) {
                items.push(item.to_owned());
            }
        }
        self.items = items;
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), RejectionError> {
        if self.is_empty() {
            return Err(RejectionError::Empty);
        }
        let is_longer = |text: &str, limit: usize| text.chars().nth(limit).is_some();
        if is_longer(&self.text, Self::LONGEST_TEXT) {
            return Err(RejectionError::TextTooLong);
        }
        let has_long_item = self.items.iter().any(|item| is_longer(item, LONGEST_ITEM));
        if self.items.len() > MAX_ITEMS || has_long_item {
            return Err(RejectionError::TooManyItems);
        }
        let is_forbidden = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
        if self.items.iter().chain([&self.text]).any(|text| text.contains(is_forbidden)) {
            return Err(RejectionError::ControlCharacter);
        }
        if is_longer(&self.compose(Language::Russian), Self::LONGEST_REASON) {
            return Err(RejectionError::ReasonTooLong);
        }
        Ok(())
    }

    pub const fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.items.is_empty() && self.text.is_empty()
    }

    /// Replaces the items by their short form in a language. They are stored as the Russian text that the vehicle
    /// type had at the time; an item that it no longer has stays unchanged.
    #[must_use]
    pub fn translated(&self, language: Language, instructions: &[Instruction]) -> Self {
        let text = |item: &String| {
            let known = instructions.iter().find(|instruction| instruction.ru == *item);
            known.map_or(item.as_str(), |known| known.short_text(language)).to_owned()
        };
        Self { items: self.items.iter().map(text).collect(), ..self.clone() }
    }

    /// The whole reason as one text, a line for what is missing, for each code, and for the free text.
    pub fn compose(&self, language: Language) -> String {
        let mut lines = Vec::new();
        if !self.items.is_empty() {
            let items: Vec<_> = self.items.iter().map(|item| within_sentence(item)).collect();
            let items = items.join("; ");
            let missing = text!("reject.missing_items").format(language, &[("items", &items)]);
            lines.push(sentence(&missing));
        }
        lines.extend(self.codes.iter().map(|code| sentence(code.text().get(language))));
        if !self.text.is_empty() {
            lines.push(self.text.clone());
        }
        lines.join("\n")
    }
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// An instruction as a part of a sentence: without its full stop and its first capital, unless that begins
/// an abbreviation, as in «VIN-код».
fn within_sentence(item: &str) -> String {
    let item = item.trim_end_matches('.');
    let mut chars = item.chars();
    match (chars.next(), item.chars().nth(1)) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => item.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(codes: &[RejectCode], items: &[&str], text: &str) -> Rejection {
        let items = items.iter().map(|item| (*item).to_owned()).collect();
        Rejection { codes: codes.to_vec(), items, text: text.to_owned() }
    }

    #[test]
    fn a_driver_reads_the_reasons_in_each_language() {
        let items = ["Салон", "VIN-код.", "Охлаждающая жидкость"];
        let given = rejection(&[RejectCode::Plate], &items, "Снимите, пожалуйста, днём.");
        assert_eq!(
            given.compose(Language::Russian),
            "Не показано в видео: салон; VIN-код; охлаждающая жидкость.\nНе читается госномер.\n\
             Снимите, пожалуйста, днём."
        );
        assert_eq!(
            rejection(&[RejectCode::Old, RejectCode::Dirt], &[], "").compose(Language::English),
            "The video is old.\nThe vehicle is too dirty to judge."
        );
        assert_eq!(
            rejection(&[RejectCode::Blur], &[], "").compose(Language::Kazakh),
            "Бұлыңғыр немесе тым қараңғы."
        );
    }

    #[test]
    fn items_are_translated_to_their_short_form() {
        let interior = Instruction {
            ru: "Сфотографировать салон".to_owned(),
            kk: "Салонды түсіру".to_owned(),
            en: "Film the interior".to_owned(),
            short: "Салон".to_owned(),
        };
        let given = rejection(&[], &["Сфотографировать салон", "Шины"], "");
        let read = |language| given.translated(language, std::slice::from_ref(&interior)).items;
        assert_eq!(read(Language::Russian), ["Салон", "Шины"]);
        assert_eq!(read(Language::English), ["Film the interior", "Шины"]);
    }

    #[test]
    fn reasons_are_stored_trimmed_and_once() {
        let codes = [RejectCode::Old, RejectCode::Blur, RejectCode::Old];
        let given = rejection(&codes, &[" Салон ", "", "Салон"], " Темно\r\nи мокро \n");
        let expected =
            rejection(&[RejectCode::Blur, RejectCode::Old], &["Салон"], "Темно\nи мокро");
        assert_eq!(given.normalized(), Ok(expected));
    }

    #[test]
    fn a_rejection_needs_a_reason_within_the_limits() {
        let of_text = |text: &str| rejection(&[], &[], text).normalized().map(drop);
        assert_eq!(of_text(" \n "), Err(RejectionError::Empty));
        assert_eq!(of_text(&"ж".repeat(1_000)), Ok(()));
        assert_eq!(of_text(&"ж".repeat(1_001)), Err(RejectionError::TextTooLong));
        assert_eq!(of_text("a\0b"), Err(RejectionError::ControlCharacter));
        let long = "ж".repeat(480);
        let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
        let of_items =
            |items: Vec<String>| Rejection { items, ..Rejection::default() }.normalized().map(drop);
        assert_eq!(of_items(many), Err(RejectionError::TooManyItems));
        assert_eq!(of_items(vec!["ж".repeat(501)]), Err(RejectionError::TooManyItems));
        let long: Vec<String> = (0..5).map(|number| format!("{number}{long}")).collect();
        assert_eq!(of_items(long), Err(RejectionError::ReasonTooLong));
    }
}

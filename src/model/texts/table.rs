//! The table of texts, and how a row is found and filled in.

use std::fmt::Display;

use super::language::Language;

/// A header line, then one text a line: key, English, Russian, Kazakh, separated by tabs.
const TABLE: &str = include_str!("texts.tsv");

/// One sentence in every language. Named parameters stand in braces: `{mb}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    row: &'static str,
}

/// Finds a [`Text`] by its key at compile time.
macro_rules! text {
    ($key:expr) => {
        const {
            match $crate::model::texts::Text::find($key) {
                Some(text) => text,
                None => panic!("this key is not in src/model/texts/texts.tsv"),
            }
        }
    };
}
pub(crate) use text;

impl Text {
    /// Reads the table from its beginning: for constants (see `text!`) and tests.
    pub const fn find(key: &str) -> Option<Self> {
        let (mut rest, key) = (TABLE.as_bytes(), key.as_bytes());
        while !rest.is_empty() {
            let (row, after) = rest.split_at(position(rest, b'\n'));
            if is_equal(row.split_at(position(row, b'\t')).0, key) {
                let Ok(row) = str::from_utf8(row) else { return None };
                return Some(Self { row });
            }
            let Some((_newline, next)) = after.split_first() else { return None };
            rest = next;
        }
        None
    }

    /// Every row, for tests.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::rows_of(TABLE)
    }

    /// Every row of a table with the same columns. Columns after the Kazakh one are ignored.
    pub fn rows_of(table: &'static str) -> impl Iterator<Item = Self> {
        table.lines().skip(1).map(|row| Self { row })
    }

    pub fn key(self) -> &'static str {
        self.column(0)
    }

    /// The sentence, its parameters not filled in.
    pub fn get(self, language: Language) -> &'static str {
        self.column(match language {
            Language::English => 1,
            Language::Russian => 2,
            Language::Kazakh => 3,
        })
    }

    /// The sentence with its parameters replaced by values. A value is not searched for parameters.
    pub fn format(self, language: Language, values: &[(&str, &dyn Display)]) -> String {
        let mut parts = self.get(language).split('{');
        let mut sentence = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => sentence += &value.to_string(),
                None => sentence.extend(["{", name, "}"]),
            }
            sentence += rest;
        }
        sentence
    }

    fn column(self, index: usize) -> &'static str {
        self.row.split('\t').nth(index).unwrap_or_default()
    }
}

/// The index of the first `byte`, or the length.
const fn position(bytes: &[u8], byte: u8) -> usize {
    let mut index = 0;
    while index < bytes.len() && bytes[index] != byte {
        index += 1;
    }
    index
}

const fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

/// A sentence about a number of things: the rows `key.one`, `key.few` and `key.many`.
#[derive(Debug, Clone, Copy)]
pub struct Plural {
    pub one: Text,
    pub few: Text,
    pub many: Text,
}

/// Finds a [`Plural`] by the common part of its keys at compile time.
macro_rules! plural {
    ($key:literal) => {
        $crate::model::texts::Plural {
            one: $crate::model::texts::text!(concat!($key, ".one")),
            few: $crate::model::texts::text!(concat!($key, ".few")),
            many: $crate::model::texts::text!(concat!($key, ".many")),
        }
    };
}
pub(crate) use plural;

impl Plural {
    /// The sentence for `n` things; `{n}` is filled in too.
    pub fn format(self, language: Language, n: u64, values: &[(&str, &dyn Display)]) -> String {
        let mut all: Vec<(&str, &dyn Display)> = vec![("n", &n)];
        all.extend_from_slice(values);
        self.form(language, n).format(language, &all)
    }

    /// The plural rules of CLDR for whole numbers. Kazakh nouns keep their form after a number, so
    /// all three rows are the same there.
    const fn form(self, language: Language, n: u64) -> Text {
        match (language, n % 10, n % 100) {
            (Language::English, ..) if n != 1 => self.many,
            (Language::Russian, 2..=4, tens) if tens < 12 || tens > 14 => self.few,
            (Language::Russian, 1, 11) | (Language::Russian, 0 | 2..=9, _) => self.many,
            _ => self.one,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Plural, Text};
    use crate::model::texts::Language::{self, English, Kazakh, Russian};

    fn parameters(text: &'static str) -> BTreeSet<&'static str> {
        text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_row_has_three_texts_with_the_same_parameters() {
        let mut keys = BTreeSet::new();
        for text in Text::all() {
            let key = text.key();
            assert_eq!(text.row.split('\t').count(), 4, "{key}");
            assert!(keys.insert(key), "{key} occurs twice");
            assert_eq!(Text::find(key), Some(text));
            for language in Language::ALL {
                let sentence = text.get(language);
                assert!(!sentence.is_empty() && sentence == sentence.trim(), "{key} {language:?}");
                assert_eq!(parameters(sentence), parameters(text.get(English)), "{key}");
            }
        }
    }

    #[test]
    fn plurals_have_all_their_forms() {
        for one in Text::all().filter_map(|text| text.key().strip_suffix(".one")) {
            for form in ["few", "many"] {
                assert!(Text::find(&format!("{one}.{form}")).is_some(), "{one}.{form}");
            }
        }
    }

    #[test]
    fn an_unknown_key_and_a_part_of_a_key_are_not_found() {
        for key in ["", "refuse", "refuse.codec ", "refuse.code", "refuse.codecs", "\n"] {
            assert_eq!(Text::find(key), None, "{key:?}");
        }
    }

    #[test]
    fn parameters_are_replaced_once() {
        let text = Text { row: "key\t{a} and {b}, {c}\t{a}\t{a}" };
        assert_eq!(text.format(English, &[("a", &"{b}"), ("b", &2)]), "{b} and 2, {c}");
        assert_eq!(
            text!("refuse.too_large").format(Russian, &[("mb", &64)]).split(". ").count(),
            2
        );
    }

    #[test]
    fn minutes_are_counted_as_each_language_counts() {
        let minutes = Plural {
            one: Text { row: "one\t{n} minute\t{n} минуту\t{n} минут" },
            few: Text { row: "few\t{n} minutes\t{n} минуты\t{n} минут" },
            many: Text { row: "many\t{n} minutes\t{n} минут\t{n} минут" },
        };
        let shown = |language, n| minutes.format(language, n, &[]);
        let russian = [1, 2, 5, 10, 11, 12, 21, 22, 0, 111].map(|n| shown(Russian, n));
        let expected = [
            "1 минуту",
            "2 минуты",
            "5 минут",
            "10 минут",
            "11 минут",
            "12 минут",
            "21 минуту",
            "22 минуты",
            "0 минут",
            "111 минут",
        ];
        assert_eq!(russian, expected);
        assert_eq!([1, 2, 21].map(|n| shown(English, n)), ["1 minute", "2 minutes", "21 minutes"]);
        assert_eq!([1, 2].map(|n| shown(Kazakh, n)), ["1 минут", "2 минут"]);
    }
}

//! Every sentence of the pages, in English, Russian and Kazakh.
//!
//! The sentences are the rows of `texts.tsv`: one table with a column for each language, so a missing translation
//! is easy to see. A `?` in the last column marks a row that a native speaker still has to check. A test compares
//! the keys in templates and sources with the table.

mod dates;
mod units;

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::model::shown_line;
use crate::model::texts::{Language, Plural, Text};

const TABLE: &str = include_str!("texts.tsv");

static ROWS: LazyLock<HashMap<&'static str, Text>> =
    LazyLock::new(|| Text::rows_of(TABLE).map(|text| (text.key(), text)).collect());

/// The sentences in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Texts {
    pub(in crate::http) language: Language,
}

impl Texts {
    pub(in crate::http) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// A sentence. For an unknown key, the key itself.
    pub(in crate::http) fn get(self, key: &'static str) -> &'static str {
        row(key).map_or(key, |text| text.get(self.language))
    }

    /// A sentence with one parameter filled in.
    pub(in crate::http) fn with(
        self,
        key: &'static str,
        name: &str,
        value: impl Display,
    ) -> String {
        self.format(key, &[(name, &value)])
    }

    /// A sentence with its parameters filled in.
    pub(in crate::http) fn format(
        self,
        key: &'static str,
        values: &[(&str, &dyn Display)],
    ) -> String {
        row(key).map_or_else(|| key.to_owned(), |text| text.format(self.language, values))
    }

    /// A sentence about a number of things: the rows `key.one`, `key.few`, `key.many`.
    pub(in crate::http) fn count(self, key: &'static str, n: u64) -> String {
        plural(key).map_or_else(|| key.to_owned(), |plural| plural.format(self.language, n, &[]))
    }

    /// An object of sentences by key, for scripts: all rows whose keys begin with one of these prefixes.
    pub(in crate::http) fn object(self, beginnings: &[&str]) -> Value {
        let is_wanted = |key: &str| beginnings.iter().any(|start| key.starts_with(start));
        let rows = ROWS.iter().filter(|(key, _)| is_wanted(key));
        let rows = rows.map(|(key, text)| ((*key).to_owned(), text.get(self.language).into()));
        Value::Object(rows.collect::<Map<_, _>>())
    }
}

fn row(key: &str) -> Option<Text> {
    ROWS.get(key).copied()
}

fn plural(key: &str) -> Option<Plural> {
    let form = |name: &str| row(&format!("{key}.{name}"));
    Some(Plural { one: form("one")?, few: form("few")?, many: form("many")? })
}

/// A user-supplied name for use within a sentence: one line, in bidi isolates (U+2068, U+2069), so that it cannot
/// change the direction of the text around it. A name that stands alone is in a `<bdi>` instead.
pub(in crate::http) fn isolated(name: &str) -> String {
    format!("\u{2068}{}\u{2069}", shown_line(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ROWS, TABLE, Texts, isolated};
    use crate::model::texts::Language::{self, English, Kazakh, Russian};
    use crate::model::texts::Text;

    fn parameters(text: &'static str) -> BTreeSet<&'static str> {
        text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_row_has_three_texts_with_the_same_parameters() {
        let rows = Text::rows_of(TABLE).count();
        assert_eq!(ROWS.len(), rows, "a key occurs twice");
        for (text, line) in Text::rows_of(TABLE).zip(TABLE.lines().skip(1)) {
            let key = text.key();
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 5, "{key}");
            assert!(["", "?"].contains(&columns[4]), "{key}");
            for language in Language::ALL {
                let sentence = text.get(language);
                assert!(!sentence.is_empty() && sentence == sentence.trim(), "{key} {language:?}");
                assert_eq!(parameters(sentence), parameters(text.get(English)), "{key}");
            }
        }
    }

    #[test]
    fn plurals_have_all_their_forms() {
        for plural in ROWS.keys().filter_map(|key| key.strip_suffix(".one")) {
            assert!(super::plural(plural).is_some(), "{plural}");
        }
    }

    #[test]
    fn the_plural_form_depends_on_the_number() {
        let shown = |language, n| Texts::new(language).count("left.days", n);
        assert_eq!(
            [1, 2, 5, 21].map(|n| shown(Russian, n)),
            ["Остался 1 день", "Осталось 2 дня", "Осталось 5 дней", "Остался 21 день",]
        );
        assert_eq!([1, 2].map(|n| shown(English, n)), ["1 day left", "2 days left"]);
        assert_eq!(shown(Kazakh, 2), "2 күн қалды");
    }

    #[test]
    fn a_name_cannot_change_the_direction_of_its_sentence() {
        assert_eq!(isolated("A\u{202e}B\n<script>"), "\u{2068}AB <script>\u{2069}");
    }
}

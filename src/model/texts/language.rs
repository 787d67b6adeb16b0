//! The languages of the texts, and how a client asks for one.

use crate::model::word_enum;

word_enum! {
    /// A language of the texts, by its ISO 639-1 code, in the order of the columns of the table. Russian
    /// is the default: it is the language of the owner's document.
    #[derive(Default)]
    Language {
        English = "en",
        #[default]
        Russian = "ru",
        Kazakh = "kk",
    }
}

impl Language {
    /// Finds the language of a tag such as `kk` or `kk-KZ`; the case does not matter.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.as_str()))
    }

    /// Chooses a language by an `Accept-Language` header (RFC 9110, section 12.5.4): the supported
    /// one with the highest weight, the first of equals, the default if there is none.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (Self::default(), 0);
        for (language, weight) in header.split(',').filter_map(weighted) {
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// One element of the header, with its weight in thousandths.
fn weighted(element: &str) -> Option<(Language, u16)> {
    let mut parts = element.split(';').map(str::trim);
    let language = match parts.next()? {
        "*" => Language::default(),
        tag => Language::from_tag(tag)?,
    };
    match parts.next() {
        None => Some((language, 1000)),
        Some(parameter) => Some((language, thousandths(parameter)?)),
    }
}

/// `q=0.85` is 850. `None` if it is not a weight between 0 and 1.
fn thousandths(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let weight: f32 = value.trim().parse().ok()?;
    let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    is_weight.then_some((weight * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::Language::{self, English, Kazakh, Russian};

    #[test]
    fn the_highest_weight_wins_and_the_first_of_equals() {
        let cases = [
            ("kk", Kazakh),
            ("kk-KZ,kk;q=0.9,ru;q=0.8,en;q=0.7", Kazakh),
            ("en;q=0.5, ru;q=0.9", Russian),
            ("en, kk", English),
            ("EN-us", English),
            ("de, kk;q=0.3", Kazakh),
            ("en;q=0, kk;q=0.001", Kazakh),
            ("en ; q = 0.2 , kk;Q=0.4", Kazakh),
        ];
        for (header, language) in cases {
            assert_eq!(Language::from_accept_language(header), language, "{header}");
        }
    }

    #[test]
    fn anything_else_is_russian() {
        let headers =
            ["", "*", "de, fr;q=0.9", "en;q=0", "en;q=2", "en;q=x", "en;level=1", ",;,=,"];
        for header in headers {
            assert_eq!(Language::from_accept_language(header), Russian, "{header}");
        }
    }
}

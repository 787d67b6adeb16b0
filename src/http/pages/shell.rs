//! The parts that all pages have around their content.

use axum::http::Uri;
use serde_json::Value;

use super::assets;
use super::texts::Texts;
use crate::model::texts::Language;

/// A language in the language switch.
pub(in crate::http) struct Choice {
    pub(in crate::http) code: &'static str,
    pub(in crate::http) label: &'static str,
    pub(in crate::http) name: &'static str,
    pub(in crate::http) is_current: bool,
}

/// The frame of a page: `templates/base.html` reads it as `page`.
#[derive(Debug, Clone)]
pub(in crate::http) struct Shell {
    pub(in crate::http) texts: Texts,
    /// The path and query of the page, to which the language switch returns.
    pub(in crate::http) here: String,
    /// The data for scripts: JSON for a `<script type="application/json">`.
    pub(in crate::http) data: String,
}

impl Shell {
    pub(in crate::http) fn new(language: Language, uri: &Uri) -> Self {
        let here = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Self { texts: Texts::new(language), here, data: String::new() }
    }

    /// Sets the data for scripts.
    pub(in crate::http) fn with_data(mut self, data: &Value) -> Self {
        // `</script>` would end the element; in JSON a `<` can be escaped.
        self.data = data.to_string().replace('<', "\\u003c");
        self
    }

    /// A sentence, in a template.
    pub(in crate::http) fn t(&self, key: &'static str) -> &'static str {
        self.texts.get(key)
    }

    pub(in crate::http) fn lang(&self) -> &'static str {
        self.texts.language.as_str()
    }

    /// The languages in the language switch.
    pub(in crate::http) fn languages(&self) -> Vec<Choice> {
        let all = [(Language::Russian, "RU"), (Language::Kazakh, "ҚАЗ"), (Language::English, "EN")];
        let choice = |(language, label): (Language, &'static str)| Choice {
            code: language.as_str(),
            label,
            name: self.t(match language {
                Language::Russian => "lang.ru",
                Language::Kazakh => "lang.kk",
                Language::English => "lang.en",
            }),
            is_current: language == self.texts.language,
        };
        all.map(choice).into()
    }

    /// A decorative icon from `web/shared/icons.svg`, in the colour of the text around it.
    pub(in crate::http) fn icon(&self, name: &str) -> String {
        let sprite = self.asset("shared/icons.svg");
        format!(
            "<svg class=\"icon {name}\" aria-hidden=\"true\" focusable=\"false\">\
             <use href=\"{sprite}#{name}\"></use></svg>"
        )
    }

    /// The URL of a file below `web/`.
    #[expect(clippy::unused_self, reason = "templates call it as `page.asset(…)`")]
    pub(in crate::http) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_cannot_close_its_script_element() {
        let shell = Shell::new(Language::Russian, &"/review?q=1".parse().unwrap());
        let shell = shell.with_data(&json!({"name": "</script><script>"}));
        assert!(!shell.data.contains('<'));
        assert_eq!(shell.here, "/review?q=1");
        let read: Value = serde_json::from_str(&shell.data).unwrap();
        assert_eq!(read["name"], "</script><script>");
    }
}

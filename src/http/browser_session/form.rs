//! The body of a state-changing request: a form, or a JSON object from a script.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use crate::http::AppState;
use crate::http::body::{BodyError, read_small};
use crate::http::problem::Problem;
use crate::model::strip_bom;

/// The values of each name, in the order of the form. Checkboxes of a group share a name.
#[derive(Debug, Default)]
pub(in crate::http) struct PageForm {
    values: BTreeMap<String, Vec<String>>,
}

impl PageForm {
    pub(super) async fn read(
        state: &AppState,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, Problem> {
        let time_limit = state.uploads.idle_timeout();
        let body = read_small(body, state.limits.max_small_body, time_limit).await;
        let body = body.map_err(BodyError::slow_as_incomplete)?;
        let text = std::str::from_utf8(strip_bom(&body));
        let text = text.map_err(|_| Problem::unreadable("the body is not UTF-8"))?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.unwrap_or_default().to_ascii_lowercase().contains("json") {
            Self::of_json(text)
        } else {
            Self::of_pairs(text, state.limits.max_fields)
        }
    }

    fn of_pairs(text: &str, limit: usize) -> Result<Self, Problem> {
        let mut form = Self::default();
        for (number, (name, value)) in url::form_urlencoded::parse(text.as_bytes()).enumerate() {
            if number >= limit {
                return Err(Problem::unreadable("the form has too many fields"));
            }
            form.add(&name, &value);
        }
        Ok(form)
    }

    fn of_json(text: &str) -> Result<Self, Problem> {
        let mut form = Self::default();
        if text.trim().is_empty() {
            return Ok(form);
        }
        let Ok(Value::Object(object)) = serde_json::from_str(text) else {
            return Err(Problem::unreadable("the body must be a JSON object"));
        };
        for (name, value) in object {
            match value {
                Value::Array(values) => {
                    values.into_iter().filter_map(as_text).for_each(|text| form.add(&name, &text));
                }
                value => as_text(value).into_iter().for_each(|text| form.add(&name, &text)),
            }
        }
        Ok(form)
    }

    fn add(&mut self, name: &str, value: &str) {
        self.values.entry(name.to_owned()).or_default().push(value.trim().to_owned());
    }

    /// The first value, without surrounding white space; it may be empty.
    pub(in crate::http) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value, if it is not empty.
    pub(in crate::http) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub(in crate::http) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Whether a checkbox is ticked, or a flag set.
    pub(in crate::http) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true" | "on"))
    }
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_a_json_object_give_the_same_values() {
        let pairs = "reason=blur&reason=plate&text=+%D0%90+&version=3&keys=on";
        let object = r#"{"reason": ["blur", "plate"], "text": " А ", "version": 3, "keys": true}"#;
        let forms = [PageForm::of_pairs(pairs, 9).unwrap(), PageForm::of_json(object).unwrap()];
        for form in &forms {
            assert_eq!(form.all("reason").collect::<Vec<_>>(), ["blur", "plate"]);
            assert_eq!((form.get("text"), form.get("version")), (Some("А"), Some("3")));
            assert!(form.flag("keys") && !form.flag("text") && form.filled("none").is_none());
        }
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for text in ["[]", "1", "{", "\"a\""] {
            assert!(PageForm::of_json(text).is_err(), "{text}");
        }
        assert!(PageForm::of_json("").unwrap().get("a").is_none());
        assert!(PageForm::of_pairs("a=1&b=2", 1).is_err());
    }
}

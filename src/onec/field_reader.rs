//! Reads the fields of an object as 1C writes them.
//!
//! Every invalid field is collected, so that the author of an object learns all of them at once.
//! `null`, an empty text, an empty reference (a GUID of zeros), an empty date (`0001-01-01T00:00:00`)
//! and a missing field all mean "none". Unknown fields are ignored.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::model::{harmless_name, is_invisible, mail_address};

/// 1C's empty reference.
const EMPTY_REFERENCE: &str = "00000000-0000-0000-0000-000000000000";
/// The start of 1C's empty date.
const EMPTY_DATE: &str = "0001-01-01";
/// The longest key or date, in characters.
const LONGEST_VALUE: usize = 64;
const LONGEST_EMAIL: usize = 254;
/// Beyond this, an `f64` is not exact.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A field, and why it is invalid.
pub type FieldError = (&'static str, String);

/// `biin: must have 12 digits; name: is required`
pub(super) fn join(errors: &[FieldError]) -> String {
    let each: Vec<_> = errors.iter().map(|(field, why)| format!("{field}: {why}")).collect();
    each.join("; ")
}

pub(super) struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    pub(super) zone: &'a TimeZone,
    errors: Vec<FieldError>,
}

impl<'a> FieldReader<'a> {
    pub(super) fn new(fields: &'a Map<String, Value>, zone: &'a TimeZone) -> Self {
        Self { fields, zone, errors: Vec::new() }
    }

    /// Returns `value`, unless a field was invalid.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        value.filter(|_| self.errors.is_empty()).ok_or(self.errors)
    }

    pub(super) fn fail<T>(&mut self, name: &'static str, why: impl Into<String>) -> Option<T> {
        self.errors.push((name, why.into()));
        None
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Reports the field as missing if `read` finds no value and no error.
    fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let errors = self.errors.len();
        let value = read(self);
        if value.is_none() && self.errors.len() == errors {
            return self.fail(name, "is required");
        }
        value
    }

    /// A text without invisible characters. An empty text is not the same as none. A whole number becomes a text, because
    /// 1C writes some texts as numbers.
    pub(super) fn optional_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return self.fail(name, "must be a string"),
        };
        if text.chars().count() > longest {
            return self.fail(name, format!("is longer than {longest} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return self.fail(name, "contains control characters");
        }
        // A name that turns the text behind it around would do so wherever it is shown.
        Some(text.chars().filter(|char| !is_invisible(*char)).collect())
    }

    /// The name of a person or a company, or a title; empty if there is none.
    pub(super) fn name(&mut self, name: &'static str, longest: usize) -> String {
        harmless_name(&self.text(name, longest))
    }

    pub(super) fn required_name(&mut self, name: &'static str, longest: usize) -> Option<String> {
        self.required(name, |it| {
            let text = it.optional_text(name, longest).map(|text| harmless_name(&text));
            text.filter(|text| !text.is_empty())
        })
    }

    /// A text, empty if there is none.
    pub(super) fn text(&mut self, name: &'static str, longest: usize) -> String {
        self.optional_text(name, longest).unwrap_or_default()
    }

    pub(super) fn required_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        self.required(name, |it| {
            it.optional_text(name, longest).filter(|text| !text.trim().is_empty())
        })
    }

    /// One of these words, in any case.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.optional_text(name, LONGEST_VALUE)?;
        let word = text.trim();
        if word.is_empty() {
            return None;
        }
        let found = choices.iter().find(|(choice, _)| choice.eq_ignore_ascii_case(word));
        found.map(|(_, value)| *value).or_else(|| {
            let choices: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            self.fail(name, format!("must be one of: {}", choices.join(", ")))
        })
    }

    pub(super) fn required_choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.required(name, |it| it.choice(name, choices))
    }

    /// A GUID in any case.
    pub(super) fn optional_key<K: FromStr>(&mut self, name: &'static str) -> Option<K> {
        let text = self.optional_text(name, LONGEST_VALUE)?;
        match text.trim() {
            "" | EMPTY_REFERENCE => None,
            text => text.parse().ok().or_else(|| self.fail(name, "must be a GUID")),
        }
    }

    pub(super) fn key<K: FromStr>(&mut self, name: &'static str) -> Option<K> {
        self.required(name, |it| it.optional_key(name))
    }

    /// A whole number that is not negative: a JSON number, or a text of digits only.
    pub(super) fn number(&mut self, name: &'static str) -> Option<i64> {
        let number = match self.value(name)? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => digits(text.trim()),
            _ => None,
        };
        number
            .filter(|number| *number >= 0)
            .or_else(|| self.fail(name, "must be a whole number, without blanks and not negative"))
    }

    pub(super) fn required_number(&mut self, name: &'static str) -> Option<i64> {
        self.required(name, |it| it.number(name))
    }

    /// The version. 0 means none; such an object is always stored.
    pub(super) fn version(&mut self) -> i64 {
        self.number("version").unwrap_or_default()
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let flag = self
            .value(name)
            .and_then(|value| value.as_bool().or_else(|| self.fail(name, "must be true or false")));
        flag.unwrap_or(default)
    }

    /// A date: local `YYYY-MM-DDTHH:MM:SS` as 1C writes it, a day (its midnight), or a time with an
    /// offset or `Z`.
    pub(super) fn date(&mut self, name: &'static str) -> Option<Timestamp> {
        let Value::String(text) = self.value(name)? else {
            return self.fail(name, "must be a string with a date");
        };
        let text = text.trim();
        if text.is_empty() || text.starts_with(EMPTY_DATE) {
            return None;
        }
        let at = timestamp(text, self.zone);
        at.or_else(|| self.fail(name, "must be a date: YYYY-MM-DDTHH:MM:SS"))
    }

    /// A mail address; empty if there is none.
    pub(super) fn email(&mut self, name: &'static str) -> String {
        let text = self.text(name, LONGEST_EMAIL);
        let text = text.trim();
        if !text.is_empty() && mail_address(text).is_none() {
            self.fail::<()>(name, "must be one mail address");
        }
        text.to_owned()
    }

    /// A list; empty if there is none.
    pub(super) fn list(&mut self, name: &'static str, longest: usize) -> &'a [Value] {
        let list = match self.value(name) {
            None => None,
            Some(Value::Array(items)) if items.len() <= longest => Some(items.as_slice()),
            Some(Value::Array(_)) => self.fail(name, format!("has more than {longest} entries")),
            Some(_) => self.fail(name, "must be a list"),
        };
        list.unwrap_or_default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the value is whole and within the range")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < MAX_EXACT).then_some(number as i64)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn timestamp(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() > LONGEST_VALUE {
        return None;
    }
    let local = || zone.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(local)
}

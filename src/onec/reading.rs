//! Fields as 1C writes them.
//!
//! Everything that is wrong with an object is collected, so that its author learns it at once.
//! `null`, an empty text, an empty reference (a GUID of zeros), an empty date (`0001-01-01T00:00:00`)
//! and a field that is not there all mean "none". Fields nobody asks for are not looked at.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// How 1C writes an empty reference.
const NO_KEY: &str = "00000000-0000-0000-0000-000000000000";
/// How 1C's empty date begins.
const NO_DAY: &str = "0001-01-01";
/// The longest text that is looked at where a key or a date belongs.
const SHORT: usize = 64;
/// The largest whole number that a JSON number with a point is exact for.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A field, and what is wrong with it.
pub type Wrong = (&'static str, String);

/// The fields of one object.
pub(super) struct Reading<'a> {
    fields: &'a Map<String, Value>,
    zone: &'a TimeZone,
    wrong: Vec<Wrong>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(fields: &'a Map<String, Value>, zone: &'a TimeZone) -> Self {
        Self { fields, zone, wrong: Vec::new() }
    }

    /// What was read, unless something was wrong.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Wrong>> {
        match read {
            Some(read) if self.wrong.is_empty() => Ok(read),
            _ => Err(self.wrong),
        }
    }

    pub(super) fn zone(&self) -> &TimeZone {
        self.zone
    }

    pub(super) fn fail<T>(&mut self, name: &'static str, why: impl Into<String>) -> Option<T> {
        self.wrong.push((name, why.into()));
        None
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether the field says anything at all.
    pub(super) fn says(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A text as it is, or a whole number as a text: 1C writes numbers where people see them as text.
    fn plain(&mut self, name: &'static str, longest: usize) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return self.fail(name, "must be a text"),
        };
        if text.chars().count() > longest {
            return self.fail(name, format!("is longer than {longest} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return self.fail(name, "has control characters in it");
        }
        Some(text)
    }

    /// A text as given; none is an empty one.
    pub(super) fn text(&mut self, name: &'static str, longest: usize) -> String {
        self.plain(name, longest).unwrap_or_default()
    }

    /// A text that may be left out, which is something else than an empty one.
    pub(super) fn text_if_said(&mut self, name: &'static str, longest: usize) -> Option<String> {
        self.plain(name, longest)
    }

    /// A text that must be there.
    pub(super) fn filled(&mut self, name: &'static str, longest: usize) -> Option<String> {
        let before = self.wrong.len();
        let text = self.text(name, longest);
        if text.trim().is_empty() {
            if self.wrong.len() == before {
                self.fail::<()>(name, "is required");
            }
            return None;
        }
        Some(text)
    }

    /// One of some words; any case.
    pub(super) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.plain(name, SHORT)?;
        let word = text.trim();
        if word.is_empty() {
            return None;
        }
        let found = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        if let Some((_, meant)) = found {
            return Some(*meant);
        }
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        self.fail(name, format!("must be one of: {}", known.join(", ")))
    }

    /// A word that must be there.
    pub(super) fn required_word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let before = self.wrong.len();
        let word = self.word(name, words);
        self.required(name, word, before)
    }

    fn required<T>(&mut self, name: &'static str, read: Option<T>, before: usize) -> Option<T> {
        if read.is_none() && self.wrong.len() == before {
            return self.fail(name, "is required");
        }
        read
    }

    /// A GUID in any case; none when 1C's reference is empty.
    pub(super) fn key_if_said<K: FromStr>(&mut self, name: &'static str) -> Option<K> {
        let text = self.plain(name, SHORT)?;
        let text = text.trim();
        if text.is_empty() || text == NO_KEY {
            return None;
        }
        match text.parse() {
            Ok(key) => Some(key),
            Err(_) => self.fail(name, "must be a GUID"),
        }
    }

    /// A GUID that must be there.
    pub(super) fn key<K: FromStr>(&mut self, name: &'static str) -> Option<K> {
        let before = self.wrong.len();
        let key = self.key_if_said(name);
        self.required(name, key, before)
    }

    /// A whole number that is not below zero: a JSON number, or a text of digits alone.
    pub(super) fn number(&mut self, name: &'static str) -> Option<i64> {
        let read = match self.value(name)? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => digits(text.trim()),
            _ => None,
        };
        match read.filter(|number| *number >= 0) {
            Some(number) => Some(number),
            None => self.fail(name, "must be a whole number, without blanks and not below zero"),
        }
    }

    /// A whole number that must be there.
    pub(super) fn required_number(&mut self, name: &'static str) -> Option<i64> {
        let before = self.wrong.len();
        let number = self.number(name);
        self.required(name, number, before)
    }

    /// The version; none is 0, which is always taken.
    pub(super) fn version(&mut self) -> i64 {
        self.number("version").unwrap_or_default()
    }

    /// Yes or no: `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str, otherwise: bool) -> bool {
        match self.value(name) {
            None => otherwise,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fail::<()>(name, "must be true or false");
                otherwise
            }
        }
    }

    /// A date: local `YYYY-MM-DDTHH:MM:SS` as 1C writes it; a day alone is its midnight, and an
    /// offset or `Z` at the end is fine.
    pub(super) fn date(&mut self, name: &'static str) -> Option<Timestamp> {
        let text = match self.value(name)? {
            Value::String(text) => text.trim(),
            _ => return self.fail(name, "must be a date as text"),
        };
        if text.is_empty() || text.starts_with(NO_DAY) {
            return None;
        }
        match moment(text, self.zone) {
            Some(at) => Some(at),
            None => self.fail(name, "must be a date: YYYY-MM-DDTHH:MM:SS"),
        }
    }

    /// A mail address, or none.
    pub(super) fn email(&mut self, name: &'static str) -> String {
        let text = self.text(name, 254);
        let text = text.trim();
        if !text.is_empty() && !is_address(text) {
            self.fail::<()>(name, "must be one mail address");
        }
        text.to_owned()
    }

    /// A list; none is an empty one.
    pub(super) fn list(&mut self, name: &'static str, longest: usize) -> &'a [Value] {
        match self.value(name) {
            None => &[],
            Some(Value::Array(items)) if items.len() <= longest => items,
            Some(Value::Array(_)) => {
                self.fail::<()>(name, format!("has more than {longest} entries"));
                &[]
            }
            Some(_) => {
                self.fail::<()>(name, "must be a list");
                &[]
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the value is whole and within the range")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() > SHORT {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil: DateTime = text.parse().ok()?;
    zone.to_timestamp(civil).ok()
}

/// Something, an @, a domain with a dot; no blanks, no second address.
fn is_address(text: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"@,;<>()\"".contains(c);
    let Some((local, domain)) = text.split_once('@') else { return false };
    let whole = !local.is_empty() && domain.contains('.') && !domain.ends_with('.');
    whole && !domain.starts_with('.') && local.chars().all(fits) && domain.chars().all(fits)
}

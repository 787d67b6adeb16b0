//! The layers: each is parsed, checked against the known keys and merged.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source as _, Value, ValueKind};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;

use super::error::Error;
use super::origin::{Effective, Origin};
use super::secrets::{self, last_word, secret_of_file_key};
use crate::model::text_of;

/// Prefix of the variables. It ends with two underscores, because Kubernetes sets variables such as
/// `FORTE_MEDIA_PORT` for a service of this name.
const PREFIX: &str = "FORTE_MEDIA__";

/// The effective value of every known key. The keys are those of the defaults.
pub(super) struct Layers(Layer);

/// Durations of which the first must be shorter than the second, and why.
const SHORTER: [(&str, &str, &str); 1] = [(
    "database.statement_timeout",
    "upload.finish_wait",
    "otherwise a client has been answered before a database that does not respond is given up",
)];

type Layer = BTreeMap<String, Setting>;

struct Setting {
    value: ValueKind,
    origin: Origin,
}

impl Layers {
    /// The first layer.
    pub(super) fn embedded(text: &str) -> Result<Self, Error> {
        parse(text, &Origin::Default).map(Self)
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read(path).and_then(|bytes| Ok(text_of(&bytes)?));
        let text = text.map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        self.merge(parse(&text, &Origin::File(path.to_owned()))?)
    }

    pub(super) fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Error> {
        let setting = |(variable, text): (String, String)| {
            let key = variable.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            let value = self.value_of(&key, text);
            Some((key, Setting { value, origin: Origin::Environment(variable) }))
        };
        let layer = environment.into_iter().filter_map(setting).collect();
        self.merge(layer)
    }

    /// In a variable, the items of a list are separated by commas.
    fn value_of(&self, key: &str, text: String) -> ValueKind {
        match self.0.get(key).map(|known| &known.value) {
            Some(ValueKind::Array(_)) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                ValueKind::Array(items.map(Value::from).collect())
            }
            _ => ValueKind::String(text),
        }
    }

    fn merge(&mut self, layer: Layer) -> Result<(), Error> {
        for (file_key, Setting { origin, .. }) in &layer {
            if let Some(key) = secret_of_file_key(file_key)
                && layer.contains_key(key)
            {
                return Err(Error::Twice { key: key.to_owned(), origin: origin.clone() });
            }
        }
        layer.into_iter().try_for_each(|(key, setting)| self.set(key, setting))
    }

    fn set(&mut self, key: String, setting: Setting) -> Result<(), Error> {
        if let Some(known) = self.0.get_mut(&key) {
            *known = setting;
            return Ok(());
        }
        match secret_of_file_key(&key).and_then(|secret| self.0.get_mut(secret)) {
            Some(known) => read_secret(&key, &setting, known),
            None => {
                Err(Error::Unknown { nearest: self.nearest(&key), key, origin: setting.origin })
            }
        }
    }

    /// The known key most similar to `key`, as a whole or in its last word (the section is missing).
    fn nearest(&self, key: &str) -> String {
        let similarity = |known: &str| {
            let whole = strsim::normalized_damerau_levenshtein(known, key);
            let word = strsim::normalized_damerau_levenshtein(last_word(known), last_word(key));
            whole.max(word) + whole
        };
        let keys = self.0.keys();
        let nearest = keys.max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
        nearest.cloned().unwrap_or_default()
    }

    /// Rejects negative numbers, and durations that are not positive; in a list a duration may be zero.
    pub(super) fn check(&self) -> Result<(), Error> {
        for (key, setting) in &self.0 {
            if let Some(reason) = out_of_range(&setting.value) {
                return Err(self.invalid(key, reason.to_owned()));
            }
        }
        Ok(())
    }

    /// Rejects the values of examples.
    pub(super) fn check_secrets(&self) -> Result<(), Error> {
        let is_sample = |key: &str, value: &ValueKind| match value {
            ValueKind::String(text) => secrets::is_sample(key, text),
            _ => false,
        };
        match self.0.iter().find(|(key, known)| is_sample(key, &known.value)) {
            Some((key, known)) => {
                Err(Error::Sample { key: key.clone(), origin: known.origin.clone() })
            }
            None => Ok(()),
        }
    }

    /// Rejects durations that contradict each other.
    pub(super) fn check_order(&self) -> Result<(), Error> {
        for (shorter, longer, reason) in SHORTER {
            let (Some(less), Some(more)) = (self.0.get(shorter), self.0.get(longer)) else {
                continue;
            };
            let [Some(least), Some(most)] = [less, more].map(|it| duration(&text(&it.value)))
            else {
                continue; // the type of the setting says what is wrong
            };
            if least >= most {
                let (shorter_origin, longer_origin) = (less.origin.clone(), more.origin.clone());
                return Err(Error::NotShorter {
                    shorter,
                    shorter_origin,
                    longer,
                    longer_origin,
                    reason,
                });
            }
        }
        Ok(())
    }

    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.config().and_then(Config::try_deserialize).map_err(|error| self.explain(error))
    }

    fn config(&self) -> Result<Config, ConfigError> {
        let mut config = Config::builder();
        for (key, setting) in &self.0 {
            let value = match &setting.value {
                ValueKind::String(text) if text.is_empty() => ValueKind::Nil,
                value => value.clone(),
            };
            config = config.set_override(key, value)?;
        }
        config.build()
    }

    /// Adds the origin to an error of the crate `config`, which knows only the key.
    fn explain(&self, error: ConfigError) -> Error {
        match error {
            ConfigError::Type { unexpected, expected, key: Some(key), .. } => {
                self.invalid(&key, format!("{unexpected}, expected {expected}"))
            }
            ConfigError::At { error, key: Some(key), .. } => self.invalid(&key, error.to_string()),
            ConfigError::NotFound(key) => self.invalid(&key, "it has no default".to_owned()),
            other => self.invalid("", other.to_string()),
        }
    }

    fn invalid(&self, key: &str, reason: String) -> Error {
        // The key of an item is `list[2]`, and the origin is that of the list.
        let known = self.0.get(key.split('[').next().unwrap_or(key));
        let reason = match known {
            Some(known) if text(&known.value).is_empty() => "it needs a value".to_owned(),
            _ => reason,
        };
        let shown =
            known.map(|known| secrets::masked(key, &text(&known.value))).unwrap_or_default();
        let reason = with_value(&shown, readable(reason));
        let origin = known.map_or(Origin::Default, |known| known.origin.clone());
        Error::Invalid { key: key.to_owned(), origin, reason }
    }

    pub(super) fn effective(&self) -> Vec<Effective> {
        let effective = |(key, setting): (&String, &Setting)| Effective {
            key: key.clone(),
            shown: secrets::masked(key, &text(&setting.value)),
            origin: setting.origin.clone(),
        };
        self.0.iter().map(effective).collect()
    }
}

/// Replaces a library's parse error by an example of a valid value.
fn readable(reason: String) -> String {
    let advice = [
        ("duration format", "write a duration, such as 90s or 24h"),
        ("socket address", "write an address and a port, such as 127.0.0.1:8080"),
    ];
    let found = advice.into_iter().find(|(about, _)| reason.contains(about));
    found.map_or(reason, |(_, advice)| advice.to_owned())
}

/// Adds the value, unless the reason names it or it is a secret.
fn with_value(shown: &str, reason: String) -> String {
    if shown.starts_with('(') || reason.contains(shown) {
        return reason;
    }
    format!("`{shown}`: {reason}")
}

/// Reads the file of a secret at once, so that a later layer overrides it as any other value.
fn read_secret(file_key: &str, named: &Setting, secret: &mut Setting) -> Result<(), Error> {
    let path = PathBuf::from(text(&named.value));
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let read = secrets::read(&path);
    let origin = Origin::SecretFile { path, named_by: Box::new(named.origin.clone()) };
    let key = secret_of_file_key(file_key).unwrap_or(file_key).to_owned();
    match read {
        Ok(value) => *secret = Setting { value: ValueKind::String(value), origin },
        Err(source) => return Err(Error::SecretFile { key, origin, source }),
    }
    Ok(())
}

/// A value as it is written in a variable.
fn text(value: &ValueKind) -> String {
    match value {
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

fn duration(text: &str) -> Option<SignedDuration> {
    text.parse().ok()
}

fn out_of_range(value: &ValueKind) -> Option<&'static str> {
    match value {
        ValueKind::I64(number) if *number < 0 => Some("it must not be negative"),
        ValueKind::String(text) if duration(text).is_some_and(|it| it <= SignedDuration::ZERO) => {
            Some("a duration must be positive")
        }
        ValueKind::Array(items) => {
            let mut durations = items.iter().filter_map(|item| duration(&item.to_string()));
            let has_negative = durations.any(|duration| duration.is_negative());
            has_negative.then_some("it must not be negative")
        }
        _ => None,
    }
}

/// Parses a TOML text.
fn parse(text: &str, origin: &Origin) -> Result<Layer, Error> {
    let tables = File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
        Error::Malformed { origin: origin.clone(), reason: without_source_line(&error) }
    })?;
    let mut layer = Layer::new();
    flatten("", tables, origin, &mut layer);
    Ok(layer)
}

/// The parser's message quotes the malformed line, which may contain a secret (S65).
fn without_source_line(error: &ConfigError) -> String {
    let message = error.to_string();
    let kept: Vec<&str> = message.lines().filter(|line| !line.contains('|')).collect();
    kept.join(": ")
}

fn flatten(path: &str, table: Map<String, Value>, origin: &Origin, layer: &mut Layer) {
    for (name, value) in table {
        let key = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value.kind {
            ValueKind::Table(inner) => flatten(&key, inner, origin, layer),
            value => {
                layer.insert(key, Setting { value, origin: origin.clone() });
            }
        }
    }
}

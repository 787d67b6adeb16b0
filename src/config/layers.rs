//! The layers: read, compared with the known keys, put over one another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;

use super::{Effective, Error, Origin, secrets};

/// What a variable of ours begins with. A single underscore is not enough: Kubernetes sets
/// `FORTE_MEDIA_PORT` and the like for a service of this name.
const PREFIX: &str = "FORTE_MEDIA__";

/// Every known key with the value in force. The keys are those of the defaults and never grow.
pub(super) struct Layers(BTreeMap<String, Setting>);

struct Setting {
    value: ValueKind,
    origin: Origin,
}

/// What one layer says, by key.
type Layer = BTreeMap<String, Setting>;

impl Layers {
    /// The first layer.
    pub(super) fn embedded(text: &str) -> Result<Self, Error> {
        parse(text, &Origin::Default).map(Self)
    }

    /// Puts the file over what is there.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path)
            .map_err(|cause| Error::Unreadable { path: path.to_owned(), cause })?;
        self.put_over(parse(&text, &Origin::File(path.to_owned()))?)
    }

    /// Puts the variables that begin with our prefix over what is there.
    pub(super) fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Error> {
        let layer = environment
            .into_iter()
            .filter_map(|(variable, text)| {
                let key = variable.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
                let value = self.value_of(&key, text);
                Some((key, Setting { value, origin: Origin::Environment(variable) }))
            })
            .collect();
        self.put_over(layer)
    }

    /// Variables are text only: a list is written with commas.
    fn value_of(&self, key: &str, text: String) -> ValueKind {
        match self.0.get(key).map(|known| &known.value) {
            Some(ValueKind::Array(_)) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                ValueKind::Array(items.map(Value::from).collect())
            }
            _ => ValueKind::String(text),
        }
    }

    fn put_over(&mut self, layer: Layer) -> Result<(), Error> {
        for (key, setting) in &layer {
            if secrets::may_be_file(key) && layer.contains_key(&secrets::file_key(key)) {
                let (key, origin) = (key.clone(), setting.origin.clone());
                return Err(Error::Twice { key, origin });
            }
        }
        layer.into_iter().try_for_each(|(key, setting)| self.put(key, setting))
    }

    fn put(&mut self, key: String, setting: Setting) -> Result<(), Error> {
        if let Some(known) = self.0.get_mut(&key) {
            *known = setting;
            return Ok(());
        }
        match secrets::secret_of_file_key(&key) {
            Some(secret) if self.0.contains_key(secret) => self.put_file(secret, &setting),
            _ => Err(Error::Unknown { nearest: self.nearest(&key), key, origin: setting.origin }),
        }
    }

    /// Takes a secret from its file at once, so that layers win over one another as usual.
    fn put_file(&mut self, secret: &str, named: &Setting) -> Result<(), Error> {
        let path = PathBuf::from(text(&named.value));
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        let read = secrets::read(&path);
        let named_by = Box::new(named.origin.clone());
        let origin = Origin::SecretFile { path, named_by };
        match read {
            Ok(value) => {
                self.put(secret.to_owned(), Setting { value: ValueKind::String(value), origin })
            }
            Err(cause) => Err(Error::SecretFile { key: secret.to_owned(), origin, cause }),
        }
    }

    /// The known key most like `key`, as a whole or in its last word (a forgotten section).
    fn nearest(&self, key: &str) -> String {
        let likeness = |known: &str| {
            let whole = strsim::normalized_damerau_levenshtein(known, key);
            let word = strsim::normalized_damerau_levenshtein(last_word(known), last_word(key));
            whole.max(word) + whole
        };
        let keys = self.0.keys();
        let nearest = keys.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        nearest.cloned().unwrap_or_default()
    }

    /// No setting is less than nothing, and no time is nothing (steps of a ladder may be).
    pub(super) fn check(&self) -> Result<(), Error> {
        for (key, setting) in &self.0 {
            if let Some(reason) = out_of_bounds(&setting.value) {
                return Err(self.unfit(key, reason.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads the values in force into the rooms' own types.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.merged().and_then(Config::try_deserialize).map_err(|error| self.explained(error))
    }

    fn merged(&self) -> Result<Config, ConfigError> {
        let mut merged = Config::builder();
        for (key, setting) in &self.0 {
            let value = match &setting.value {
                ValueKind::String(text) if text.is_empty() => ValueKind::Nil,
                value => value.clone(),
            };
            merged = merged.set_override(key, value)?;
        }
        merged.build()
    }

    /// Adds the layer to what `config` found out; it knows the key only.
    fn explained(&self, error: ConfigError) -> Error {
        match error {
            ConfigError::Type { unexpected, expected, key: Some(key), .. } => {
                self.unfit(&key, format!("{unexpected}, expected {expected}"))
            }
            ConfigError::At { error, key: Some(key), .. } => self.unfit(&key, error.to_string()),
            ConfigError::NotFound(key) => self.unfit(&key, "it has no default".to_owned()),
            other => self.unfit("", other.to_string()),
        }
    }

    fn unfit(&self, key: &str, reason: String) -> Error {
        // An item of a list is at `key[2]`; the list as a whole has the origin.
        let known = self.0.get(key.split('[').next().unwrap_or(key));
        let reason = match known {
            Some(known) if text(&known.value).is_empty() => "it needs a value".to_owned(),
            _ => reason,
        };
        let origin = known.map_or(Origin::Default, |known| known.origin.clone());
        Error::Unfit { key: key.to_owned(), origin, reason }
    }

    /// Every setting as it may be shown, by key.
    pub(super) fn effective(&self) -> Vec<Effective> {
        let shown = |(key, setting): (&String, &Setting)| Effective {
            key: key.clone(),
            shown: secrets::masked(key, &text(&setting.value)),
            origin: setting.origin.clone(),
        };
        self.0.iter().map(shown).collect()
    }
}

fn last_word(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// A value as one would write it in a variable.
fn text(value: &ValueKind) -> String {
    match value {
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

fn out_of_bounds(value: &ValueKind) -> Option<&'static str> {
    match value {
        ValueKind::I64(number) if *number < 0 => Some("it is below zero"),
        ValueKind::String(text) => {
            let time: SignedDuration = text.parse().ok()?;
            (time <= SignedDuration::ZERO).then_some("a time has to be longer than nothing")
        }
        ValueKind::Array(items) => items.iter().find_map(|item| {
            let time: SignedDuration = item.to_string().parse().ok()?;
            time.is_negative().then_some("it is below zero")
        }),
        _ => None,
    }
}

/// Reads one TOML text into its keys.
fn parse(text: &str, origin: &Origin) -> Result<Layer, Error> {
    let tables = File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
        Error::Malformed { origin: origin.clone(), reason: without_the_line(&error) }
    })?;
    let mut layer = Layer::new();
    flatten("", tables, origin, &mut layer);
    Ok(layer)
}

/// The parser's message shows the line it stumbled over; that line may hold a secret (S65).
fn without_the_line(error: &ConfigError) -> String {
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

//! Layering and checking of settings; every room declares its own.
//!
//! Three layers, the later wins: `config/default.toml` (part of the binary, and the list of every
//! key there is), the file of `--config`, the environment (`FORTE_MEDIA__SECTION__KEY`). Each value
//! remembers where it came from. Empty text means "not set".

mod error;
mod layers;
mod origin;
mod secrets;

use std::path::Path;

use serde::Deserialize;

pub use error::Error;
pub use origin::Origin;

use crate::{
    auth, database, http, inspect, leasing, model, notify, onec, outbox, playback, storage, upload,
};
use layers::Layers;

/// The commented defaults: the first layer, and the list of known keys.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Every setting of every room.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[http]`: the public listener.
    pub http: http::server::Config,
    /// `[ops]`: the listener for operators.
    pub ops: http::OpsConfig,
    /// `[database]`: the database.
    pub database: database::Config,
    /// `[storage]`: where bytes live.
    pub storage: storage::Config,
    /// `[inspect]`: what a video must be like.
    pub inspect: inspect::Config,
    /// `[upload]`: the life of an upload.
    pub upload: upload::Config,
    /// `[plausibility]`: from where on something about a video is odd.
    pub plausibility: model::PlausibilityConfig,
    /// `[auth]`: tokens and codes.
    pub auth: auth::Config,
    /// `[leasing]`: the business side.
    pub leasing: leasing::Config,
    /// `[onec]`: the exchange with 1C.
    pub onec: onec::Config,
    /// `[playback]`: viewing links.
    pub playback: playback::Config,
    /// `[notify]`: who is told, and how.
    pub notify: notify::Config,
    /// `[mail]`: letters.
    pub mail: notify::MailConfig,
    /// `[outbox]`: how often delivery is tried.
    pub outbox: outbox::Config,
    /// `[log]`: what is written to standard error.
    pub log: Log,
    #[serde(skip)]
    effective: Vec<Effective>,
}

/// `[log]`: what is written to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines are written, in the words of `tracing`'s `EnvFilter`.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person; with colours on a terminal.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// One setting as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The dotted key, such as `upload.max_length`.
    pub key: String,
    /// The value as it may be shown: secrets are masked (S65).
    pub shown: String,
    /// The layer that won.
    pub origin: Origin,
}

impl Settings {
    /// Puts the layers together: defaults, then `file`, then `environment`.
    ///
    /// The environment is handed in, so that only `main` reads the process's own.
    ///
    /// # Errors
    /// When a layer cannot be read, names an unknown key, or holds a value that does not fit; the
    /// message names the key and the layer.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut layers = Layers::embedded(DEFAULTS)?;
        if let Some(path) = file {
            layers.add_file(path)?;
        }
        layers.add_environment(environment)?;
        layers.check()?;
        let mut settings: Self = layers.read()?;
        settings.effective = layers.effective();
        Ok(settings)
    }

    /// Every effective setting by key, each with its origin, secrets masked.
    #[must_use]
    pub fn explain(&self) -> &[Effective] {
        &self.effective
    }
}

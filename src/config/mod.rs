//! Loading and validation of the settings. Each module declares its own section.
//!
//! Three layers, of which the later one wins: `config/default.toml` (embedded in the binary; it lists
//! every known key), the file of `--config`, the environment (`FORTE_MEDIA__SECTION__KEY`). Each value
//! keeps its origin. An empty text means "not set".

mod error;
mod layers;
mod origin;
mod secrets;

use std::path::Path;

use serde::Deserialize;

pub use error::Error;
pub use origin::{Effective, Origin};

use crate::model::setting_words;
use crate::{
    auth, database, http, inspect, leasing, model, notify, onec, outbox, playback, storage, upload,
};
use layers::Layers;

/// The first layer, with comments.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All sections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: http::server::Config,
    pub ops: http::OpsConfig,
    pub drive: http::DriveConfig,
    pub database: database::Config,
    pub storage: storage::Config,
    pub inspect: inspect::Config,
    pub upload: upload::Config,
    pub plausibility: model::PlausibilityConfig,
    pub auth: auth::Config,
    pub review: auth::ReviewConfig,
    pub leasing: leasing::Config,
    pub onec: onec::Config,
    pub playback: playback::Config,
    pub notify: notify::Config,
    pub mail: notify::MailConfig,
    pub outbox: outbox::Config,
    pub log: Log,
    #[serde(skip)]
    effective: Vec<Effective>,
}

/// The `[log]` section. The log goes to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    /// In the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// With colours on a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

setting_words!(LogFormat { Text = "text", Json = "json" });

impl Settings {
    /// Merges the defaults, `file` and `environment`, in this order. Only `main` reads the
    /// environment of the process.
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
        layers.check_secrets()?;
        layers.check_order()?;
        let mut settings: Self = layers.deserialize()?;
        settings.effective = layers.effective();
        Ok(settings)
    }

    /// All effective settings, sorted by key, with secrets masked.
    pub fn explain(&self) -> &[Effective] {
        &self.effective
    }
}

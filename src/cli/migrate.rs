//! `migrate`: brings the database to this version's tables.

use anyhow::bail;
use clap::Args;

use super::Answer;
use crate::config::Settings;

/// Brings the database to this version's tables
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media migrate --config /etc/forte-media.toml")]
pub struct Migrate {}

impl Migrate {
    /// Applies what is missing; again is harmless.
    ///
    /// # Errors
    /// When the database cannot be reached or does not take a migration.
    #[expect(clippy::unused_async, reason = "awaits as soon as it is built")]
    pub async fn run(self, _settings: Settings) -> anyhow::Result<Answer> {
        bail!("not built yet")
    }
}

//! `migrate`: brings the database to this version's tables.

use anyhow::Context as _;
use clap::Args;

use super::answer::{Answer, print_message};
use crate::config::Settings;
use crate::database::Database;

/// Brings the database to this version's tables
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media migrate --config /etc/forte-media.toml")]
pub struct Migrate {}

impl Migrate {
    /// Applies what is missing; again is harmless.
    ///
    /// # Errors
    /// When the database cannot be reached or does not take a migration.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = Database::open(&settings.database).await.context("database.url")?;
        database.migrate().await?;
        database.close().await;
        print_message("the tables are up to date");
        Ok(Answer::Done)
    }
}

//! `migrate`: migrates the database to the schema of this version.

use anyhow::Context as _;
use clap::Args;

use super::answer::{Answer, print_message};
use crate::config::Settings;
use crate::database::Database;

/// Migrates the database to the schema of this version
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media migrate --config /etc/forte-media.toml")]
pub struct Migrate {}

impl Migrate {
    /// Applies the missing migrations.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = Database::open(&settings.database).await.context("database.url")?;
        database.migrate().await?;
        database.close().await;
        print_message("the database has the schema of this version");
        Ok(Answer::Done)
    }
}

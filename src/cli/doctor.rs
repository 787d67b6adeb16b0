//! `doctor`: tries everything the service leans on.

use anyhow::bail;
use clap::Args;

use super::Answer;
use crate::config::Settings;

/// Tries the database, the store, the clock and the disk, and says what is wrong
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media doctor --config /etc/forte-media.toml --json")]
pub struct Doctor {
    /// One JSON object a check
    #[arg(long)]
    pub json: bool,
}

impl Doctor {
    /// Tries everything; the answer is "no" when a check found something.
    ///
    /// # Errors
    /// When the checks themselves could not be made.
    #[expect(clippy::unused_async, reason = "awaits as soon as it is built")]
    pub async fn run(self, _settings: Settings) -> anyhow::Result<Answer> {
        bail!("not built yet")
    }
}

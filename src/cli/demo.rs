//! `demo`: a furnished house that shows one upload from the phone to the report service.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::Answer;
use crate::config::Settings;

/// Furnishes a house, uploads a sample clip with a cut and a resume, and keeps serving
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media demo --once\n  \
                        forte-media demo --listen 127.0.0.1:0 --data /tmp/house --reports 1000")]
pub struct Demo {
    /// Address to serve on; port 0 takes a free one, written to DIR/demo.json
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Folder of everything; a furnished one is used as it is
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data: PathBuf,
    /// Open reports to add, so that load can be tried
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub reports: u32,
    /// Ends after the show instead of serving on
    #[arg(long)]
    pub once: bool,
}

impl Demo {
    /// Furnishes, shows, serves.
    ///
    /// # Errors
    /// When the house cannot be furnished or the show fails.
    #[expect(clippy::unused_async, reason = "awaits as soon as it is built")]
    pub async fn run(self, _settings: Settings) -> anyhow::Result<Answer> {
        bail!("not built yet")
    }
}

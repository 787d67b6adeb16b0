//! `events`: the outbox, for operators.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::Answer;
use crate::config::Settings;
use crate::model::EventId;

/// Shows what is to be told, and tells it again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media events list --json\n  \
                        forte-media events replay 01980c5e-2d1f-7cc0-8a51-3b9f0c6e4d21")]
pub struct Events {
    #[command(subcommand)]
    pub(super) command: EventsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Messages, the newest first
    List {
        /// Most messages to show
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// One message with every try
    Show {
        /// The message
        id: EventId,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delivers a message again, under the same id
    Replay {
        /// The message
        id: EventId,
    },
}

impl Events {
    /// Does what was asked of the outbox.
    ///
    /// # Errors
    /// When the database cannot be reached.
    #[expect(clippy::unused_async, reason = "awaits as soon as it is built")]
    pub async fn run(self, _settings: Settings) -> anyhow::Result<Answer> {
        bail!("not built yet")
    }
}

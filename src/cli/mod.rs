//! The subcommands: one file each, an argument struct with a `run`.
//!
//! Results go to standard output, messages to standard error.

mod account;
mod answer;
mod demo;
mod doctor;
mod events;
mod inspect;
mod migrate;
mod openapi;
mod serve;
mod size;
mod terminal_qr;
mod upload;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use account::Account;
pub use answer::{Answer, Output, print_error};
pub use demo::Demo;
pub use doctor::Doctor;
pub use events::Events;
pub use inspect::Inspect;
pub use migrate::Migrate;
pub use openapi::OpenApi;
pub use serve::Serve;
pub use upload::Upload;

use crate::config::Settings;
use crate::telemetry;

/// Receives inspection videos from drivers' phones over unreliable networks and stores them safely
#[derive(Debug, Parser)]
#[command(version, after_help = "Start with:\n  forte-media demo")]
pub struct Cli {
    /// File with settings. They override the defaults; variables (`FORTE_MEDIA__SECTION__KEY`)
    /// override both
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Serve),
    Demo(Demo),
    Upload(Upload),
    Inspect(Inspect),
    Doctor(Doctor),
    Migrate(Migrate),
    #[command(name = "openapi")]
    OpenApi(OpenApi),
    #[command(subcommand)]
    Events(Events),
    #[command(subcommand)]
    Account(Account),
}

impl Command {
    // Boxed: the type of the combined future is nested too deeply for the compiler.
    fn run(
        self,
        settings: Settings,
        environment: BTreeMap<String, String>,
    ) -> BoxFuture<'static, anyhow::Result<Answer>> {
        match self {
            Self::Serve(serve) => serve.run(settings).boxed(),
            Self::Demo(demo) => demo.run(settings).boxed(),
            Self::Upload(upload) => upload.run(settings, environment).boxed(),
            Self::Inspect(inspect) => inspect.run(settings).boxed(),
            Self::Doctor(doctor) => doctor.run(settings).boxed(),
            Self::Migrate(migrate) => migrate.run(settings).boxed(),
            Self::OpenApi(openapi) => std::future::ready(openapi.run(&settings)).boxed(),
            Self::Events(events) => events.run(settings).boxed(),
            Self::Account(account) => account.run(settings).boxed(),
        }
    }
}

impl Cli {
    /// Reads the settings, starts the log and runs the command.
    pub async fn run(
        self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Answer> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let settings = Settings::load(self.config.as_deref(), environment.clone())?;
        let filter = &settings.log.filter;
        telemetry::start_log(&settings.log).with_context(|| format!("log.filter `{filter}`"))?;
        self.command.run(settings, environment).await
    }
}

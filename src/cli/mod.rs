//! The subcommands: one file each, an argument struct with a `run`.
//!
//! Results go to standard output, words to standard error.

mod account;
mod demo;
mod doctor;
mod events;
mod inspect;
mod migrate;
mod openapi;
mod serve;
mod size;
mod upload;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use account::Account;
pub use demo::Demo;
pub use doctor::Doctor;
pub use events::{Events, Said};
pub use inspect::Inspect;
pub use migrate::Migrate;
pub use openapi::OpenApi;
pub use serve::Serve;
pub use upload::Upload;

use crate::config::Settings;
use crate::telemetry;

/// Takes inspection videos from drivers' phones over bad networks, and keeps them for certain
#[derive(Debug, Parser)]
#[command(version, after_help = "Begin with:\n  forte-media demo")]
pub struct Cli {
    /// Settings laid over the defaults; the environment (`FORTE_MEDIA__SECTION__KEY`) wins over both
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
    // Boxed: together they would be one future too deep for the compiler.
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

/// Words for a person, on standard error. Where even that is gone there is nobody to tell.
fn say(words: &str) {
    let _gone = writeln!(io::stderr(), "{words}");
}

/// What a finished command has to say; "could not" is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done, or yes.
    Done,
    /// The answer is "no": a check found something.
    No,
    /// Some of it could not be done; what and why has been said.
    CouldNot,
}

impl Answer {
    /// Exit code of a command that could not do its work, bad arguments included (as in clap).
    pub const COULD_NOT: u8 = 2;
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Done => Self::SUCCESS,
            Answer::No => Self::from(1),
            Answer::CouldNot => Self::from(Answer::COULD_NOT),
        }
    }
}

impl Cli {
    /// Reads the settings, starts the log and runs the command.
    ///
    /// # Errors
    /// When the settings are wrong or the command could not do its work.
    pub async fn run(
        self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Answer> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let settings = Settings::load(self.config.as_deref(), environment.clone())?;
        telemetry::start_log(&settings.log).context("log.filter is not a filter")?;
        self.command.run(settings, environment).await
    }
}

//! The binary: reads the command line and hands over to the library.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use forte_media::cli::{Answer, Cli, print_error};
use forte_media::telemetry;

/// How long the end of the process waits for the last lines of the log.
const LOG_FLUSH: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::report_panics();
    let ended = run(cli);
    telemetry::flush_log(LOG_FLUSH);
    match ended {
        Ok(answer) => answer.into(),
        Err(error) => {
            print_error(&error);
            ExitCode::from(Answer::EXIT_FAILED)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(cli.run(environment()))
}

/// The environment of the process. A value that is not Unicode fits no setting, so `config` rejects it.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

//! `openapi`: prints the OpenAPI document.

use std::io::{self, Write as _};

use clap::Args;

use super::answer::Answer;
use crate::app::public_url;
use crate::config::Settings;
use crate::http;

/// Prints the OpenAPI document
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media openapi > openapi.json")]
pub struct OpenApi {}

impl OpenApi {
    /// The same document as `/openapi.json`.
    pub fn run(self, settings: &Settings) -> anyhow::Result<Answer> {
        let document = http::openapi(public_url(settings).as_deref());
        writeln!(io::stdout().lock(), "{document:#}")?;
        Ok(Answer::Done)
    }
}

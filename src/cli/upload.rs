//! `upload`: a resumable client, as a phone would be.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

use super::{Answer, size};
use crate::model::RefKey;

/// Uploads a video to a report, and goes on after a cut or a restart of this command
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media upload samples/walkaround.mp4 \\\n    \
                        --server http://127.0.0.1:8080 \\\n    \
                        --report 6f1c1bd2-7f0e-4c5e-9a54-0f3d8b7c2e11 --token \"$TOKEN\"")]
pub struct Upload {
    /// The video
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The server's public address
    #[arg(long, value_name = "URL")]
    pub server: Url,
    /// The report that waits for the video
    #[arg(long, value_name = "REF_KEY")]
    pub report: RefKey,
    /// Access token of the driver
    #[arg(long, value_name = "T")]
    pub token: Option<SecretString>,
    /// Latitude of the driver, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        default_value = "43.238949"
    )]
    pub lat: Option<String>,
    /// Longitude of the driver, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        default_value = "76.889709"
    )]
    pub long: Option<String>,
    /// When the driver pressed "send" ("2026-01-31 09:50:06"); otherwise now
    #[arg(long, value_name = "TIME")]
    pub time_sent: Option<String>,
    /// The way in
    #[arg(long, value_enum, default_value_t = Door::Tus)]
    pub door: Door,
    /// Bytes of one request, such as 512KiB; otherwise the rest in one
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub chunk: Option<u64>,
}

/// The way in, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Door {
    /// tus 1.0, resumable.
    Tus,
    /// The documented multipart POST, which cannot resume.
    Form,
}

impl Upload {
    /// Uploads, and prints the receipt.
    ///
    /// # Errors
    /// When the server cannot be reached or does not take the upload.
    #[expect(clippy::unused_async, reason = "awaits as soon as it is built")]
    pub async fn run(self) -> anyhow::Result<Answer> {
        bail!("not built yet")
    }
}

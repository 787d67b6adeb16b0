//! The arguments, and what of them goes to the server: the driver's details and the access token.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

use super::video::Video;
use crate::cli::size;
use crate::config::Settings;
use crate::model::{Clock, Place, RefKey, TimeSent, text_of};

/// The variable that has the access token, for scripts.
const TOKEN_VARIABLE: &str = "FORTE_MEDIA_TOKEN";

/// How to get an access token.
pub(super) const TOKEN_HINT: &str = "to get an access token, sign in (POST /biin/{BIN} sends a one-time code, POST /auth takes it), or \
     use a token from the demo's demo.json";

/// Uploads a video to a report; resumes after an interruption, also when it is run again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media upload samples/inspection.mp4 \\\n    \
                        --server http://127.0.0.1:8080 \\\n    \
                        --report 6f1c1bd2-7f0e-4c5e-9a54-0f3d8b7c2e11 --token \"$TOKEN\"")]
pub struct Upload {
    /// The video file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Public URL of the server
    #[arg(long, value_name = "URL", value_parser = server)]
    pub server: Url,
    /// Key of the report
    #[arg(long, value_name = "REF_KEY")]
    pub report: RefKey,
    /// Access token of the driver [default: the variable `FORTE_MEDIA_TOKEN`]
    #[arg(long, value_name = "T")]
    pub token: Option<SecretString>,
    /// File with the access token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// Latitude of the driver, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        default_value = "43.238949"
    )]
    pub lat: String,
    /// Longitude of the driver, in degrees
    #[arg(
        long,
        value_name = "DEGREES",
        allow_negative_numbers = true,
        default_value = "76.889709"
    )]
    pub long: String,
    /// When the driver sent the video, as "2026-01-31 09:50:06" (in `leasing.time_zone`) or with an
    /// offset or Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub time_sent: Option<String>,
    /// Protocol of the upload
    #[arg(long, value_enum, default_value_t = Door::Tus)]
    pub door: Door,
    /// Most bytes in one request, such as 512KiB [default: everything]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub chunk: Option<u64>,
    /// Give up after so many failures in a row without progress
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub retries: u32,
    /// Do not inspect the file before it is sent
    #[arg(long)]
    pub no_inspect: bool,
    /// Do not ask the server for its verdict before the video is sent
    #[arg(long)]
    pub no_preflight: bool,
    /// Print the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A URL parser takes the host in `host:8080` for a scheme.
fn server(text: &str) -> Result<Url, String> {
    match text.split_once("://") {
        None => Err(format!("write it with its scheme: http://{text} or https://{text}")),
        Some(("http" | "https", _)) => text.parse().map_err(|error| format!("{error}")),
        Some((scheme, _)) => Err(format!("expected an http or https URL, got {scheme}:")),
    }
}

/// The value of `--door`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Door {
    /// tus 1.0, resumable
    Tus,
    /// The documented multipart POST, which cannot be resumed
    Form,
}

/// What the driver says about the video, in the words of the API.
#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) ref_key: RefKey,
    time_sent: String,
    lat: String,
    long: String,
}

impl Details {
    /// Checks the arguments by the server's rules.
    pub(super) fn new(arguments: &Upload, settings: &Settings) -> anyhow::Result<Self> {
        let zone = &settings.leasing.time_zone;
        // Without an offset, a time is in the time zone of the service.
        let now = || zone.to_datetime(Clock::system().now()).strftime("%F %T").to_string();
        let time_sent = arguments.time_sent.clone().unwrap_or_else(now);
        TimeSent::parse(&time_sent, zone).context("--time-sent")?;
        Place::parse_lat(&arguments.lat).context("--lat")?;
        Place::parse_long(&arguments.long).context("--long")?;
        let (lat, long) = (arguments.lat.clone(), arguments.long.clone());
        Ok(Self { ref_key: arguments.report, time_sent, lat, long })
    }

    /// The fields of an upload, and the hash that the server compares.
    pub(super) fn fields(&self, video: &Video) -> [(&'static str, String); 5] {
        [
            ("ref_key", self.ref_key.to_string()),
            ("time_sent", self.time_sent.clone()),
            ("lat", self.lat.clone()),
            ("long", self.long.clone()),
            ("sha256", video.sha256.to_string()),
        ]
    }
}

/// The access token: `--token`, else `--token-file`, else the variable.
pub(super) fn token(
    arguments: &Upload,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<SecretString> {
    let text = match (&arguments.token, &arguments.token_file, environment.get(TOKEN_VARIABLE)) {
        (Some(token), ..) => return Ok(token.clone()),
        (None, Some(file), _) => fs::read(file)
            .and_then(|bytes| Ok(text_of(&bytes)?))
            .with_context(|| format!("--token-file: cannot read {}", file.display()))?,
        (None, None, Some(text)) => text.clone(),
        (None, None, None) => String::new(),
    };
    match text.trim() {
        "" => bail!("--token, --token-file or {TOKEN_VARIABLE} is required: {TOKEN_HINT}"),
        token => Ok(token.into()),
    }
}

//! `upload`: a resumable client, as a phone would be.
//!
//! `clip` looks at the file, `journey` brings it through the tus door however often it is cut,
//! `form` posts it whole; what became of it is an `Outcome`.

pub(super) mod answer;
mod body;
mod clip;
mod details;
mod form;
mod journey;
mod multipart;
mod outcome;
mod patience;
mod preflight;
mod progress;
mod remembered;
mod token;
pub(super) mod tus;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::{Host, Url};

use super::{Answer, size};
use crate::config::Settings;
use crate::inspect;
use crate::model::{Clock, Random, RefKey, Refusal};
use clip::{Clip, Rules};
use details::Details;
use form::Form;
use journey::Journey;
use outcome::{Outcome, Receipt};
use patience::Patience;
use preflight::Preflight;
use progress::Progress;
use remembered::Remembered;
use tus::Tus;

/// How long connecting to the server may take. A phone's network answers by then, or not at all.
const CONNECT: Duration = Duration::from_secs(10);

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
    /// Access token of the driver; otherwise from the variable `FORTE_MEDIA_TOKEN`
    #[arg(long, value_name = "T")]
    pub token: Option<SecretString>,
    /// File that holds the access token
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
    /// When the driver pressed "send" ("2026-01-31 09:50:06"); otherwise now
    #[arg(long, value_name = "TIME")]
    pub time_sent: Option<String>,
    /// The way in
    #[arg(long, value_enum, default_value_t = Door::Tus)]
    pub door: Door,
    /// Bytes of one request, such as 512KiB; otherwise the rest in one
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub chunk: Option<u64>,
    /// Failures in a row, without a byte of progress, before this is given up
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub retries: u32,
    /// Sends the file unseen: the server judges it
    #[arg(long)]
    pub no_inspect: bool,
    /// Does not ask the server for its verdict before the video is sent
    #[arg(long)]
    pub no_preflight: bool,
    /// The outcome as one JSON object
    #[arg(long)]
    pub json: bool,
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
    /// Uploads, and prints the outcome; the answer is "no" when the video was refused, here or
    /// there.
    ///
    /// # Errors
    /// When an argument is wrong, the file cannot be read, or the server cannot be reached.
    pub async fn run(
        self,
        settings: Settings,
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Answer> {
        self.check_arguments()?;
        let details = self.details(&settings)?;
        let token = token::find(self.token.as_ref(), self.token_file.as_deref(), &environment)?;
        let outcome = match self.look_at_the_file(&settings).await? {
            Err(refusal) => Outcome::refused_here(&refusal),
            Ok(clip) => {
                let max_moov = settings.inspect.max_moov;
                self.send(clip, details, token, (&environment, max_moov)).await?
            }
        };
        outcome.print(self.json).context("cannot write to standard output")?;
        Ok(outcome.answer())
    }

    fn check_arguments(&self) -> anyhow::Result<()> {
        match self.server.scheme() {
            "http" | "https" => {}
            other => bail!("--server: {other}: is no address of a server; begin with https://"),
        }
        if self.door == Door::Form && self.chunk.is_some() {
            bail!("--chunk: the form door takes the video in one request");
        }
        Ok(())
    }

    fn details(&self, settings: &Settings) -> anyhow::Result<Details> {
        let zone = &settings.leasing.time_zone;
        let now = || details::as_documented(Clock::system().now(), zone);
        let time_sent = self.time_sent.clone().unwrap_or_else(now);
        Details::check(self.report, time_sent, &self.lat, &self.long, zone)
    }

    /// The file's hash, or why it would be refused.
    async fn look_at_the_file(
        &self,
        settings: &Settings,
    ) -> anyhow::Result<Result<Clip, Box<Refusal>>> {
        let enforce = settings.inspect.enforce && !self.no_inspect;
        let rules = Rules {
            inspect: inspect::Config { enforce, ..settings.inspect.clone() },
            max_length: settings.upload.max_length,
            now: Clock::system().now(),
        };
        let path = self.file.clone();
        let looked = tokio::task::spawn_blocking(move || clip::examine(path, rules)).await?;
        looked.with_context(|| format!("cannot read {}", self.file.display()))
    }

    async fn send(
        &self,
        clip: Clip,
        details: Details,
        token: SecretString,
        (environment, max_moov): (&BTreeMap<String, String>, u64),
    ) -> anyhow::Result<Outcome> {
        let progress = Progress::new(clip.length);
        if is_in_clear(&self.server) {
            progress.say("warning: without https, the token and the video can be read on the way");
        }
        let receipt = Receipt::expected(&details, &clip);
        let http = client()?;
        let remembered = Remembered::new(environment, &self.server, &details, &clip);
        // What an earlier run began has been asked for, and is paid for in part.
        let goes_on = self.door == Door::Tus && remembered.upload().is_some();
        if !self.no_preflight && !goes_on {
            let (http, server, token) = (&http, &self.server, &token);
            let (clip, details) = (&clip, &details);
            let asking = Preflight { http, server, token, clip, details, max_moov };
            if let Some(foreseen) = asking.ask(&progress).await? {
                progress.end();
                return Ok(Outcome::foreseen(receipt, foreseen));
            }
        }
        let patience = Patience::new(self.retries, Random::system());
        let sent = match self.door {
            Door::Tus => {
                let tus = Tus::new(http, self.server.clone(), token);
                let journey = Journey { tus, clip, details, remembered, patience, progress };
                journey.make(self.chunk).await
            }
            Door::Form => {
                let form = Form { http, server: self.server.clone(), token, clip, details };
                form.post(patience, &progress).await
            }
        };
        Outcome::of(receipt, sent)
    }
}

/// The one HTTP client: it follows nobody elsewhere, for it carries a token.
fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("forte-media/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("cannot prepare for HTTP")
}

/// Plain HTTP that leaves this machine.
fn is_in_clear(server: &Url) -> bool {
    let stays_here = match server.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    server.scheme() == "http" && !stays_here
}

/// An address below the server's own, which may have a path itself.
fn address<const N: usize>(server: &Url, below: [&str; N]) -> Url {
    let mut address = server.clone();
    if let Ok(mut path) = address.path_segments_mut() {
        path.pop_if_empty().extend(below);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::{address, is_in_clear};

    #[test]
    fn a_server_may_live_below_a_path() {
        for server in ["https://a.test/api", "https://a.test/api/"] {
            let server = server.parse().unwrap();
            let uploads = address(&server, ["reports", "upload"]);
            assert_eq!(uploads.as_str(), "https://a.test/api/reports/upload");
        }
    }

    #[test]
    fn only_plain_http_that_leaves_this_machine_is_in_clear() {
        let clear = |server: &str| is_in_clear(&server.parse().unwrap());
        assert!(clear("http://api.test"));
        assert!(clear("http://192.168.1.2:8080"));
        for safe in ["https://api.test", "http://localhost:1", "http://127.0.0.1", "http://[::1]"] {
            assert!(!clear(safe), "{safe}");
        }
    }
}

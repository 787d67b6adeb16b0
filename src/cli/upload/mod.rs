//! `upload`: a resumable client, as a phone would be.

mod arguments;
mod outcome;
mod preflight;
mod progress;
mod response;
mod retry;
mod saved;
mod transfer;
pub(super) mod tus;
mod url_below;
mod video;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{self, HeaderValue};
use secrecy::SecretString;
use url::{Host, Url};

use crate::cli::answer::Answer;
use crate::config::Settings;
use crate::inspect;
use crate::model::{Clock, Random, Refusal};
pub use arguments::Upload;
use arguments::{Details, Door};
use outcome::{Outcome, Summary};
use preflight::Preflight;
use progress::Progress;
use retry::Retry;
use saved::SavedUpload;
use transfer::{FormTransfer, TusTransfer};
use tus::Tus;
use video::{Rules, Video};

/// Timeout of the connection to the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Upload {
    /// Uploads the video and prints the outcome; a refused video is the answer "no".
    pub async fn run(
        self,
        settings: Settings,
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Answer> {
        self.check_arguments()?;
        let details = Details::new(&self, &settings)?;
        let token = arguments::token(&self, &environment)?;
        let outcome = match self.inspect(&settings).await? {
            Err(refusal) => Outcome::refused_locally(&refusal),
            Ok(video) => {
                let saved = SavedUpload::new(&environment, &self.server, &details, &video);
                let progress = Progress::new(video.length);
                let sending = self.send(
                    video,
                    details,
                    token,
                    saved,
                    progress.clone(),
                    settings.inspect.max_moov,
                );
                tokio::select! {
                    outcome = sending => outcome?,
                    _ = tokio::signal::ctrl_c() => {
                        progress.finish();
                        bail!("{}", self.resume_hint(progress.position()));
                    }
                }
            }
        };
        outcome.print(self.json).context("cannot write to standard output")?;
        Ok(outcome.answer())
    }

    /// The line that is printed after Ctrl-C.
    fn resume_hint(&self, position: u64) -> String {
        let how = match self.door {
            Door::Tus => "run the same command again to resume",
            Door::Form => "a form starts over from byte 0; use --door tus to resume",
        };
        format!("interrupted after {position} bytes; {how}")
    }

    fn check_arguments(&self) -> anyhow::Result<()> {
        if self.door == Door::Form && self.chunk.is_some() {
            bail!("--chunk: a form is always one request; remove --chunk or use --door tus");
        }
        Ok(())
    }

    async fn inspect(&self, settings: &Settings) -> anyhow::Result<Result<Video, Box<Refusal>>> {
        let enforce = settings.inspect.enforce && !self.no_inspect;
        let rules = Rules {
            inspect: inspect::Config { enforce, ..settings.inspect.clone() },
            max_length: settings.upload.max_length,
            now: Clock::system().now(),
        };
        let path = self.file.clone();
        let inspected = tokio::task::spawn_blocking(move || Video::inspect(path, rules)).await?;
        inspected.with_context(|| format!("cannot read {}", self.file.display()))
    }

    async fn send(
        &self,
        video: Video,
        details: Details,
        token: SecretString,
        saved: SavedUpload,
        progress: Progress,
        max_moov: u64,
    ) -> anyhow::Result<Outcome> {
        if is_cleartext(&self.server) {
            progress
                .print("warning: without https, the token and the video can be read in transit");
        }
        let summary = Summary::new(&details, &video);
        let (http, server) = (client()?, self.server.clone());
        // An upload of an earlier run has had its preflight, and a part of it has been sent.
        let continues = self.door == Door::Tus && saved.upload().is_some();
        if !self.no_preflight && !continues {
            let (video, details) = (&video, &details);
            let (http, server, token) = (&http, &server, &token);
            let preflight = Preflight { http, server, token, video, details, max_moov };
            match preflight.run(&progress).await {
                Ok(None) => {}
                Ok(Some(refusal)) => {
                    progress.finish();
                    return Ok(Outcome::refused_by_preflight(summary, refusal));
                }
                Err(error) => return Outcome::of_transfer(summary, Err(error)),
            }
        }
        let retry = Retry::new(&self.server, self.retries, &Random::system());
        let stored = match self.door {
            Door::Tus => {
                let tus = Tus::new(http, server, token);
                let transfer = TusTransfer { tus, video, details, saved, retry, progress };
                transfer.run(self.chunk).await
            }
            Door::Form => {
                let transfer = FormTransfer { http, server, token, video, details };
                transfer.run(retry, &progress).await
            }
        };
        Outcome::of_transfer(summary, stored)
    }
}

/// Without redirects: the token must not go to another server.
fn client() -> anyhow::Result<reqwest::Client> {
    let english = [(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en"))];
    let english = english.into_iter().collect();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("forte-media/", env!("CARGO_PKG_VERSION")))
        .default_headers(english)
        .build()
        .context("cannot build the HTTP client")
}

/// Whether the connection leaves this machine without TLS.
fn is_cleartext(server: &Url) -> bool {
    let is_local = match server.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    server.scheme() == "http" && !is_local
}

#[cfg(test)]
mod tests {
    use super::is_cleartext;

    #[test]
    fn only_plain_http_to_another_machine_is_cleartext() {
        let cleartext = |server: &str| is_cleartext(&server.parse().unwrap());
        assert!(cleartext("http://api.test"));
        assert!(cleartext("http://192.168.1.2:8080"));
        for safe in ["https://api.test", "http://localhost:1", "http://127.0.0.1", "http://[::1]"] {
            assert!(!cleartext(safe), "{safe}");
        }
    }
}

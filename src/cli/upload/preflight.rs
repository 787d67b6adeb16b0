//! The preflight: the server judges the video by its first bytes and its `moov`, before it is sent.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use reqwest::header::CONTENT_LENGTH;
use reqwest::multipart::Part;
use reqwest::{Client, Request, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::spawn_blocking;
use url::Url;

use super::arguments::Details;
use super::progress::Progress;
use super::response::{self, ClientError};
use super::transfer::upload_form;
use super::url_below::url_below;
use super::video::Video;
use crate::inspect::BoxHeader;

/// Bytes sent from the start of the file: enough to tell whether it is a video at all.
const HEAD: u64 = 64 * 1024;
/// On a network that needs longer for a megabyte, the preflight is not worth its cost.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Top-level boxes that are read in search of `moov`. Phones write five.
const MAX_BOXES: usize = 1000;
/// Bytes of the longest box header.
const HEADER: u64 = 16;

pub(super) struct Preflight<'a> {
    pub(super) http: &'a Client,
    pub(super) server: &'a Url,
    pub(super) token: &'a SecretString,
    pub(super) video: &'a Video,
    pub(super) details: &'a Details,
    /// The largest `moov` that is sent. Of a larger one only the header is sent, which states its size.
    pub(super) max_moov: u64,
}

#[derive(Debug, Deserialize)]
struct PreflightResponse {
    verdict: String,
    #[serde(default)]
    reasons: Vec<Reason>,
}

/// One reason to refuse the video.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reason {
    pub(super) error: String,
    pub(super) code: String,
    pub(super) at: Option<u64>,
    pub(super) path: Option<String>,
    pub(super) message: String,
    #[serde(default)]
    pub(super) details: Value,
}

/// A video that the server would refuse.
#[derive(Debug)]
pub(super) struct PreflightRefusal {
    pub(super) reasons: Vec<Reason>,
    /// Bytes sent to learn this.
    pub(super) sent: u64,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, at, path, message, .. } = self;
        write!(out, "{code}")?;
        if let Some(at) = at {
            write!(out, " at byte {at}")?;
        }
        if let Some(path) = path {
            write!(out, " in {path}")?;
        }
        write!(out, ": {message}")
    }
}

impl Preflight<'_> {
    /// `None`: the server would accept the video, or gave no verdict; a message says which.
    ///
    /// # Errors
    /// When the file cannot be read, or the server refuses the token or does not know the report. Every other
    /// failure is left to the upload itself.
    pub(super) async fn run(
        &self,
        progress: &Progress,
    ) -> Result<Option<PreflightRefusal>, ClientError> {
        let (video, max_moov) = (self.video.clone(), self.max_moov);
        let parts = spawn_blocking(move || FileParts::read(&video, max_moov)).await;
        let request = self.request(parts.map_err(io::Error::other)??)?;
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let sent = length.and_then(|length| length.parse().ok()).unwrap_or_default();
        match self.send(request).await {
            Ok(PreflightResponse { verdict, reasons }) if verdict == "refused" => {
                return Ok(Some(PreflightRefusal { reasons, sent }));
            }
            Ok(_) => {
                let length = self.video.length;
                progress.print(&format!("preflight passed ({sent} of {length} bytes sent)"));
            }
            Err(error @ (ClientError::Token(_) | ClientError::File(_))) => return Err(error),
            // For example an unknown report: the upload would fail with the same error.
            Err(ClientError::Refused(refusal)) if refusal.status == StatusCode::NOT_FOUND => {
                return Err(ClientError::Refused(refusal));
            }
            Err(ClientError::UnknownUpload) => {
                progress.print("preflight skipped: the server has none");
            }
            Err(error) => progress.print(&format!("preflight failed: {error}")),
        }
        Ok(None)
    }

    fn request(&self, parts: FileParts) -> Result<Request, ClientError> {
        let bytes = |bytes, name| Part::bytes(bytes).file_name(name);
        let mut form = upload_form(self.details, self.video)
            .text("length", self.video.length.to_string())
            .part("head", bytes(parts.head, "head"));
        if let Some((at, moov)) = parts.moov {
            form = form.text("moov_at", at.to_string()).part("moov", bytes(moov, "moov"));
        }
        let request = self
            .http
            .post(url_below(self.server, ["uploads", "preflight"]))
            .timeout(TIMEOUT)
            .bearer_auth(self.token.expose_secret())
            .multipart(form);
        Ok(request.build()?)
    }

    async fn send(&self, request: Request) -> Result<PreflightResponse, ClientError> {
        let response = self.http.execute(request).await?;
        let status = response.status();
        let response = match response::check(response).await {
            // A refusal of the service has a code. Otherwise this is another server, without preflights.
            Err(ClientError::Refused(refusal))
                if status == StatusCode::NOT_FOUND && refusal.error.is_none() =>
            {
                return Err(ClientError::UnknownUpload);
            }
            Err(_) if status == StatusCode::METHOD_NOT_ALLOWED => {
                return Err(ClientError::UnknownUpload);
            }
            checked => response::data(checked?).await,
        };
        response.ok_or_else(|| ClientError::Unexpected("an unreadable verdict".to_owned()))
    }
}

/// The parts of the file that are sent.
struct FileParts {
    head: Vec<u8>,
    /// With its position; `None` where the first bytes have it.
    moov: Option<(u64, Vec<u8>)>,
}

impl FileParts {
    fn read(video: &Video, max_moov: u64) -> io::Result<Self> {
        let mut file = File::open(&video.path)?;
        let length = video.length.get();
        video.check_length(file.metadata()?.len())?;
        let head = read_at(&mut file, 0, HEAD.min(length))?;
        let moov = match Moov::find(&mut file, length)? {
            Some(moov) if moov.end > HEAD => {
                let (start, end) = moov.range(max_moov);
                Some((start, read_at(&mut file, start, end.saturating_sub(start))?))
            }
            _ => None,
        };
        Ok(Self { head, moov })
    }
}

/// Where `moov` is.
struct Moov {
    /// The first top-level header that is not within the first bytes.
    first_header: u64,
    start: u64,
    /// At most the end of the file.
    end: u64,
}

impl Moov {
    /// `None` where the headers lead nowhere; the server says why.
    fn find(file: &mut File, length: u64) -> io::Result<Option<Self>> {
        let (mut at, mut first_header) = (0_u64, None);
        for _ in 0..MAX_BOXES {
            if at.saturating_add(HEADER) > HEAD {
                first_header = first_header.or(Some(at));
            }
            let left = length.saturating_sub(at);
            let header = BoxHeader::parse(&read_at(file, at, HEADER.min(left))?);
            let Some(header) = header.filter(|header| !header.is_incomplete()) else {
                return Ok(None);
            };
            let size = if header.is_open_ended() { left } else { header.size() };
            if header.is(*b"moov") {
                let first_header = first_header.unwrap_or(at);
                let end = at.saturating_add(size.min(left));
                return Ok(Some(Self { first_header, start: at, end }));
            }
            // A box has at least eight bytes, whatever a broken header says.
            at = at.saturating_add(size.max(8));
        }
        Ok(None)
    }

    /// The bytes to send: from the first header that is not in `head`, so that the server sees every header; if that
    /// exceeds `max`, only `moov`; if that exceeds it too, only the header of `moov`.
    fn range(&self, max: u64) -> (u64, u64) {
        let fits = |from: u64| self.end.saturating_sub(from) <= max;
        let start = if fits(self.first_header) { self.first_header } else { self.start };
        let end = if fits(start) { self.end } else { start.saturating_add(HEADER).min(self.end) };
        (start, end)
    }
}

fn read_at(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

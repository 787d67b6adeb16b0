//! Asks the server what it will say, before the video is sent: its first bytes and its `moov` are
//! enough for that.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::spawn_blocking;
use url::Url;

use super::address;
use super::answer::{self, Trouble};
use super::clip::Clip;
use super::details::Details;
use super::multipart;
use super::progress::Progress;
use crate::inspect::BoxHeader;
use crate::model::Digest;

/// The first bytes that are sent: within them the server knows whether it is a video at all.
const HEAD: u64 = 64 * 1024;
/// How long the whole of it may take. A line that needs longer for a megabyte is not made better by it.
const WITHIN: Duration = Duration::from_mins(2);
/// Top-level boxes that are looked at in search of `moov`. Phones write five.
const MOST_BOXES: usize = 1000;
/// The header of a box with a 64-bit size, the longest there is.
const HEADER: u64 = 16;

/// One question to one server.
pub(crate) struct Preflight<'a> {
    pub(crate) http: &'a Client,
    pub(crate) server: &'a Url,
    pub(crate) token: &'a SecretString,
    pub(crate) clip: &'a Clip,
    pub(crate) details: &'a Details,
    /// The largest `moov` that is sent; of a larger one only the header is, which says its size.
    pub(crate) max_moov: u64,
}

/// What the server says.
#[derive(Debug, Deserialize)]
struct Told {
    verdict: String,
    #[serde(default)]
    reasons: Vec<Reason>,
}

/// Why it would refuse the video.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) error: String,
    pub(crate) code: String,
    pub(crate) at: Option<u64>,
    pub(crate) path: Option<String>,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) details: Value,
}

/// A video that would be refused, and what it cost to learn that.
#[derive(Debug)]
pub(crate) struct Foreseen {
    pub(crate) reasons: Vec<Reason>,
    /// Bytes of the question.
    pub(crate) sent: u64,
}

impl Reason {
    /// Whether it is that the report has a video already, and it is this one.
    pub(crate) fn is_for_having(&self, sha256: Digest) -> bool {
        let held = self.details.get("sha256").and_then(Value::as_str);
        self.error == "report_already_submitted"
            && held.and_then(|held| held.parse().ok()) == Some(sha256)
    }
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
    /// Asks once. `None`: the server would take it, or cannot be asked, which is said.
    ///
    /// # Errors
    /// When the file cannot be read, or the server does not take the token.
    pub(crate) async fn ask(&self, progress: &Progress) -> Result<Option<Foreseen>, Trouble> {
        let (clip, max_moov) = (self.clip.clone(), self.max_moov);
        let parts = spawn_blocking(move || Parts::of(&clip, max_moov)).await;
        let parts = parts.map_err(io::Error::other)??;
        let body = self.body(&parts);
        let sent = body.len() as u64;
        match self.post(body).await {
            Ok(told) if told.verdict == "refused" => {
                Ok(Some(Foreseen { reasons: told.reasons, sent }))
            }
            Ok(_) => {
                progress.say(&format!(
                    "the server would take it, by {sent} of {} bytes",
                    self.clip.length
                ));
                Ok(None)
            }
            Err(trouble @ (Trouble::Token(_) | Trouble::File(_))) => Err(trouble),
            Err(Trouble::Unknown) => {
                progress.say("the server does not judge videos before they are sent");
                Ok(None)
            }
            Err(trouble) => {
                progress.say(&format!("not judged before it is sent: {trouble}"));
                Ok(None)
            }
        }
    }

    async fn post(&self, body: Vec<u8>) -> Result<Told, Trouble> {
        let request = self
            .http
            .post(address(self.server, ["uploads", "preflight"]))
            .timeout(WITHIN)
            .bearer_auth(self.token.expose_secret())
            .header(CONTENT_TYPE, multipart::content_type(self.clip))
            .body(body);
        let response = request.send().await?;
        // An older server; or there is no such report, which the upload will hear as well.
        if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            return Err(Trouble::Unknown);
        }
        let response = answer::good(response).await?;
        let told = answer::data(response).await;
        told.ok_or_else(|| Trouble::Odd("a verdict that cannot be read".to_owned()))
    }

    fn body(&self, parts: &Parts) -> Vec<u8> {
        let mut form = multipart::Form::new(self.clip);
        for (name, value) in self.details.fields(self.clip) {
            form.text(name, &value);
        }
        form.text("length", &self.clip.length.to_string());
        form.bytes("head", &parts.head);
        if let Some((at, moov)) = &parts.moov {
            form.text("moov_at", &at.to_string());
            form.bytes("moov", moov);
        }
        form.done()
    }
}

/// What the server is shown of the file.
struct Parts {
    head: Vec<u8>,
    moov: Option<(u64, Vec<u8>)>,
}

impl Parts {
    fn of(clip: &Clip, max_moov: u64) -> io::Result<Self> {
        let mut file = File::open(&clip.path)?;
        let length = clip.length.get();
        clip.check_length(file.metadata()?.len())?;
        let head = stretch(&mut file, 0, HEAD.min(length))?;
        let moov = match Way::to_moov(&mut file, length)? {
            Some(way) if way.end > HEAD => {
                let (at, end) = way.shown(max_moov);
                Some((at, stretch(&mut file, at, end.saturating_sub(at))?))
            }
            _ => None,
        };
        Ok(Self { head, moov })
    }
}

/// The way to `moov`, from one top-level box to the next.
struct Way {
    /// Where the first header lies that is not within the first bytes.
    unseen: u64,
    moov: u64,
    /// Where `moov` ends, or the file.
    end: u64,
}

impl Way {
    /// Nothing where the way is lost; the server says why.
    fn to_moov(file: &mut File, length: u64) -> io::Result<Option<Self>> {
        let (mut at, mut unseen) = (0_u64, None);
        for _ in 0..MOST_BOXES {
            if at.saturating_add(HEADER) > HEAD {
                unseen = unseen.or(Some(at));
            }
            let left = length.saturating_sub(at);
            let header = stretch(file, at, HEADER.min(left))?;
            let parsed = BoxHeader::parse(&header).filter(|header| !header.is_incomplete());
            let Some(header) = parsed else { return Ok(None) };
            let size = if header.size() == 0 { left } else { header.size() };
            if header.is(*b"moov") {
                let end = at.saturating_add(size.min(left));
                return Ok(Some(Self { unseen: unseen.unwrap_or(at), moov: at, end }));
            }
            // The smallest box has eight bytes, whatever a broken one says.
            at = at.saturating_add(size.max(8));
        }
        Ok(None)
    }

    /// What is shown of the way: from the first unseen header, so that the server loses no step; else
    /// `moov` alone; else only its header.
    fn shown(&self, most: u64) -> (u64, u64) {
        let fits = |from: u64| self.end.saturating_sub(from) <= most;
        let from = if fits(self.unseen) { self.unseen } else { self.moov };
        let end = if fits(from) { self.end } else { from.saturating_add(HEADER).min(self.end) };
        (from, end)
    }
}

fn stretch(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! The result of the command, as text or JSON.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::arguments::Details;
use super::preflight::PreflightRefusal;
use super::response::{ClientError, ServerRefusal, has_video};
use super::transfer::Stored;
use super::video::Video;
use crate::cli::answer::Answer;
use crate::model::{Digest, Length, RefKey, Refusal};

/// The report and the video of this run.
#[derive(Debug)]
pub(super) struct Summary {
    report: RefKey,
    sha256: Digest,
    length: Length,
}

impl Summary {
    pub(super) fn new(details: &Details, video: &Video) -> Self {
        Self { report: details.ref_key, sha256: video.sha256, length: video.length }
    }

    fn json(&self, outcome: &str) -> Value {
        let Self { report, sha256, length } = self;
        json!({ "outcome": outcome, "report": report, "sha256": sha256, "length": length })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, sha256, length } = self;
        write!(out, "report  {report}\nsha256  {sha256}\nlength  {length}")
    }
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// With the id of the submission, if the server told it.
    Submitted(Summary, Option<String>),
    /// An earlier run submitted it, and its response was lost.
    AlreadySubmitted(Summary),
    Refused {
        by: &'static str,
        refusal: ServerRefusal,
    },
    /// The server would refuse it, so it was not sent.
    PreflightRefused(Summary, PreflightRefusal),
}

impl Outcome {
    /// The local inspection refused the file.
    pub(super) fn refused_locally(refusal: &Refusal) -> Self {
        let (message, details) = (refusal.finding.message.clone(), json!(refusal));
        let refusal = ServerRefusal { message, details, ..ServerRefusal::default() };
        Self::Refused { by: "inspection", refusal }
    }

    pub(super) fn refused_by_preflight(summary: Summary, refusal: PreflightRefusal) -> Self {
        let has_video = |reason: &super::preflight::Reason| {
            has_video(&reason.error, &reason.details, summary.sha256)
        };
        if refusal.reasons.iter().any(has_video) {
            Self::AlreadySubmitted(summary)
        } else {
            Self::PreflightRefused(summary, refusal)
        }
    }

    /// # Errors
    /// When the transfer failed without a verdict.
    pub(super) fn of_transfer(
        summary: Summary,
        stored: Result<Stored, ClientError>,
    ) -> anyhow::Result<Self> {
        let refusal = match stored {
            Ok(Stored { sha256: Some(sha256), .. }) if sha256 != summary.sha256 => {
                bail!("the server stored other bytes: their SHA-256 is {sha256}")
            }
            Ok(stored) => return Ok(Self::Submitted(summary, stored.submission_id)),
            Err(ClientError::Refused(refusal)) => *refusal,
            Err(error) if error.is_transient() => {
                return Err(error).context("gave up; run the same command again to continue");
            }
            Err(error) => return Err(error.into()),
        };
        let code = refusal.error.as_deref().unwrap_or_default();
        if has_video(code, &refusal.details, summary.sha256) {
            return Ok(Self::AlreadySubmitted(summary));
        }
        Ok(Self::Refused { by: "server", refusal })
    }

    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Submitted(..) | Self::AlreadySubmitted(_) => Answer::Done,
            Self::Refused { .. } | Self::PreflightRefused(..) => Answer::No,
        }
    }

    /// Writes to standard output.
    pub(super) fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json { writeln!(out, "{}", self.json()) } else { writeln!(out, "{self}") }
    }

    fn json(&self) -> Value {
        match self {
            Self::Submitted(summary, submission) => {
                let mut json = summary.json("submitted");
                json["submission_id"] = json!(submission);
                json
            }
            Self::AlreadySubmitted(summary) => summary.json("already_submitted"),
            Self::Refused { by, refusal } => json!({
                "outcome": "refused",
                "by": by,
                "error": refusal.error,
                "code": refusal.details.get("code"),
                "at": refusal.details.get("at"),
                "judged_after": refusal.details.get("judged_after"),
                "message": refusal.message,
                "request_id": refusal.request_id,
            }),
            Self::PreflightRefused(summary, refusal) => {
                let mut json = summary.json("refused");
                let first = refusal.reasons.first();
                json["by"] = json!("preflight");
                json["error"] = json!(first.map(|reason| &reason.error));
                json["code"] = json!(first.map(|reason| &reason.code));
                json["at"] = json!(first.and_then(|reason| reason.at));
                json["message"] = json!(first.map(|reason| &reason.message));
                json["reasons"] = json!(refusal.reasons);
                json["sent"] = json!(refusal.sent);
                json
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submitted(summary, _) => write!(out, "submitted\n{summary}"),
            Self::AlreadySubmitted(summary) => write!(out, "already submitted\n{summary}"),
            Self::Refused { by, refusal } => {
                write!(out, "refused by the {by}: {}", refusal.message)?;
                let detail = |name| refusal.details.get(name).map(ToString::to_string);
                let lines = [
                    ("code", detail("code")),
                    ("error", refusal.error.clone()),
                    ("at", detail("at")),
                    ("request", refusal.request_id.clone()),
                ];
                lines.into_iter().filter_map(|(name, value)| Some((name, value?))).try_for_each(
                    |(name, value)| write!(out, "\n{name:<7} {}", value.trim_matches('"')),
                )
            }
            Self::PreflightRefused(summary, refusal) => {
                let (sent, length) = (refusal.sent, summary.length);
                write!(out, "refused by the server's preflight ({sent} of {length} bytes sent)")?;
                refusal.reasons.iter().try_for_each(|reason| write!(out, "\n{reason}"))
            }
        }
    }
}

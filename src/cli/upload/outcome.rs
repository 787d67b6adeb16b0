//! What became of the video, for a person or a program.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::answer::{Refused, Trouble};
use super::clip::Clip;
use super::details::Details;
use super::preflight::Foreseen;
use crate::cli::Answer;
use crate::model::{Digest, Length, RefKey, Refusal};

/// What the server said of a video it took.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// The submission it became.
    pub(crate) submission: Option<String>,
    /// The hash of the bytes it stored, where its answer has one; through the tus door, the hash
    /// declared at the beginning is compared by the server.
    pub(crate) sha256: Option<Digest>,
}

/// What was to be brought where.
#[derive(Debug)]
pub(crate) struct Receipt {
    report: RefKey,
    sha256: Digest,
    length: Length,
}

impl Receipt {
    pub(crate) fn expected(details: &Details, clip: &Clip) -> Self {
        Self { report: details.ref_key, sha256: clip.sha256, length: clip.length }
    }

    fn json(&self, outcome: &str) -> Value {
        json!({
            "outcome": outcome,
            "report": self.report,
            "sha256": self.sha256,
            "length": self.length,
        })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, sha256, length } = self;
        write!(out, "report  {report}\nsha256  {sha256}\nlength  {length}")
    }
}

/// The end of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The report has it now.
    Submitted(Receipt, Option<String>),
    /// The report had it before: an earlier answer was lost.
    WasThere(Receipt),
    /// It is no good, or not wanted.
    Refused { by: &'static str, why: Refused },
    /// It would be refused, says the server, and was not sent.
    Foreseen(Receipt, Foreseen),
}

impl Outcome {
    /// The file was refused before anything was sent.
    pub(crate) fn refused_here(refusal: &Refusal) -> Self {
        let why = Refused {
            message: refusal.finding.message.clone(),
            details: json!(refusal),
            ..Refused::default()
        };
        Self::Refused { by: "inspection", why }
    }

    /// The video was not sent, for what the server says it would be refused for.
    pub(crate) fn foreseen(receipt: Receipt, foreseen: Foreseen) -> Self {
        let held = foreseen.reasons.iter().any(|reason| reason.is_for_having(receipt.sha256));
        if held { Self::WasThere(receipt) } else { Self::Foreseen(receipt, foreseen) }
    }

    /// # Errors
    /// When nothing is settled: the server was not reached, or is not to be understood.
    pub(crate) fn of(receipt: Receipt, sent: Result<Sent, Trouble>) -> anyhow::Result<Self> {
        match sent {
            Ok(Sent { sha256: Some(stored), .. }) if stored != receipt.sha256 => {
                bail!("the server stored other bytes: their SHA-256 is {stored}")
            }
            Ok(sent) => Ok(Self::Submitted(receipt, sent.submission)),
            Err(Trouble::Refused(why)) if why.is_for_having(receipt.sha256) => {
                Ok(Self::WasThere(receipt))
            }
            Err(Trouble::Refused(why)) => Ok(Self::Refused { by: "server", why: *why }),
            Err(trouble) if trouble.passes() => {
                Err(trouble).context("given up for now; run the same command again")
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// "No" when it was refused.
    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Submitted(..) | Self::WasThere(_) => Answer::Done,
            Self::Refused { .. } | Self::Foreseen(..) => Answer::No,
        }
    }

    /// Writes it to standard output.
    pub(crate) fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json { writeln!(out, "{}", self.json()) } else { writeln!(out, "{self}") }
    }

    fn json(&self) -> Value {
        match self {
            Self::Submitted(receipt, submission) => {
                let mut json = receipt.json("submitted");
                json["submission_id"] = json!(submission);
                json
            }
            Self::WasThere(receipt) => receipt.json("already_submitted"),
            Self::Refused { by, why } => json!({
                "outcome": "refused",
                "by": by,
                "error": why.error,
                "code": why.details.get("code"),
                "at": why.details.get("at"),
                "judged_after": why.details.get("judged_after"),
                "message": why.message,
                "request_id": why.request_id,
            }),
            Self::Foreseen(receipt, foreseen) => {
                let mut json = receipt.json("refused");
                let first = foreseen.reasons.first();
                json["by"] = json!("preflight");
                json["error"] = json!(first.map(|reason| &reason.error));
                json["code"] = json!(first.map(|reason| &reason.code));
                json["at"] = json!(first.and_then(|reason| reason.at));
                json["message"] = json!(first.map(|reason| &reason.message));
                json["reasons"] = json!(foreseen.reasons);
                json["sent"] = json!(foreseen.sent);
                json
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submitted(receipt, _) => write!(out, "submitted\n{receipt}"),
            Self::WasThere(receipt) => write!(out, "was already there\n{receipt}"),
            Self::Refused { by, why } => {
                write!(out, "refused by the {by}: {}", why.message)?;
                let known = [
                    ("code", why.details.get("code").and_then(Value::as_str).map(str::to_owned)),
                    ("error", why.error.clone()),
                    ("at", why.details.get("at").and_then(Value::as_u64).map(|at| at.to_string())),
                    ("request", why.request_id.clone()),
                ];
                let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
                known.into_iter().try_for_each(|(name, value)| write!(out, "\n{name:<7} {value}"))
            }
            Self::Foreseen(receipt, foreseen) => {
                let (sent, length) = (foreseen.sent, receipt.length);
                write!(out, "refused by the server before it was sent ({sent} of {length} bytes)")?;
                foreseen.reasons.iter().try_for_each(|reason| write!(out, "\n{reason}"))
            }
        }
    }
}

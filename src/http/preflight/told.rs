//! What a preflight says.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::model::{Facts, Finding, Verdict};
use crate::upload::{Preflighted, PreviewCoverage, UploadError};

/// A video judged before it is sent.
#[derive(Serialize, ToSchema)]
pub(super) struct Told {
    verdict: Foreseen,
    /// Everything the upload would be refused for, in the order in which it would be.
    reasons: Vec<Reason>,
    /// What else was noticed.
    notes: Vec<Finding>,
    /// Whether the same file was sent for another report of the company; with `sha256` only.
    verdicts: Vec<Verdict>,
    /// What the video says of itself.
    facts: Facts,
    /// `whole`: all of it but the bytes of the media; `moov`: its table of contents; `head`: only its
    /// first boxes.
    judged: PreviewCoverage,
}

/// What is to be expected.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Foreseen {
    /// Nothing is against it, as far as it is known.
    Accepted,
    /// The upload would be refused.
    Refused,
}

impl Foreseen {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// One thing that is against a video.
#[derive(Serialize, ToSchema)]
struct Reason {
    /// What the upload would be answered with in `error`.
    #[schema(example = "video_refused")]
    error: String,
    /// The check of the inspection; otherwise as `error`.
    #[schema(example = "DURATION_OUT_OF_RANGE")]
    code: String,
    /// Byte position of the trouble in the video, where it has one.
    at: Option<u64>,
    /// The box of the trouble, where it is known.
    path: Option<String>,
    /// A sentence a person can act on.
    message: String,
    /// What else there is to know, such as the `sha256` that the report holds, or that the refusal is
    /// `remembered`.
    #[schema(value_type = Object)]
    details: Value,
}

/// What the engine found, and the fields that cannot be.
pub(super) fn told(found: Preflighted, fields: Option<Problem>) -> Told {
    let Preflighted { reasons, notes, facts, judged, verdicts } = found;
    let (first, then): (Vec<_>, Vec<_>) =
        reasons.into_iter().partition(|why| matches!(why, UploadError::TooLong { .. }));
    let engine = |reasons: Vec<UploadError>| reasons.into_iter().map(Problem::from);
    let reasons: Vec<_> =
        engine(first).chain(fields).chain(engine(then)).map(Reason::from).collect();
    let verdict = if reasons.is_empty() { Foreseen::Accepted } else { Foreseen::Refused };
    metrics::counter!("forte_media_preflights_total", "verdict" => verdict.as_str()).increment(1);
    Told { verdict, reasons, notes, verdicts, facts, judged }
}

impl From<Problem> for Reason {
    fn from(problem: Problem) -> Self {
        let (error, message, mut details) = problem.into_reason();
        let check = details.get("code").and_then(Value::as_str).map(str::to_owned);
        let at = details.get("at").and_then(Value::as_u64);
        let path = details.get("path").and_then(Value::as_str).map(str::to_owned);
        if check.is_some() {
            // What else a refusal has in its details stands beside the reasons.
            let remembered = details.get("remembered").cloned();
            details = remembered.map_or(json!({}), |known| json!({ "remembered": known }));
        }
        let error = error.as_str().to_owned();
        let code = check.unwrap_or_else(|| error.clone());
        Self { error, code, at, path, message, details }
    }
}

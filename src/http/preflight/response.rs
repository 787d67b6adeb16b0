//! The response to a preflight.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::model::texts::Language;
use crate::model::{Facts, Finding, Verdict};
use crate::upload::{Preflighted, PreviewCoverage, UploadError};

/// The verdict on a video that has not been sent yet.
#[derive(Serialize, ToSchema)]
pub(super) struct PreflightResponse {
    verdict: PreflightVerdict,
    /// Everything that the upload would be refused for, in the order in which it would fail.
    reasons: Vec<PreflightReason>,
    /// Deviations from the standard that are accepted.
    notes: Vec<Finding>,
    /// Whether the same file was sent for another report of the company. Only with `sha256`.
    verdicts: Vec<Verdict>,
    /// What is known of the video.
    facts: Facts,
    /// `whole`: everything but the media data was judged; `moov`: the index; `head`: only the first
    /// boxes.
    judged: PreviewCoverage,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PreflightVerdict {
    /// Nothing is known that the upload would be refused for.
    Accepted,
    /// The upload would be refused.
    Refused,
}

/// One reason to refuse a video.
#[derive(Serialize, ToSchema)]
struct PreflightReason {
    /// The `error` that the upload would be answered with.
    #[schema(example = "video_refused")]
    error: String,
    /// The check of the inspection; otherwise the same as `error`.
    #[schema(example = "DURATION_OUT_OF_RANGE")]
    code: String,
    /// The byte position in the video, if there is one.
    at: Option<u64>,
    /// The path of the box, if it is known.
    path: Option<String>,
    /// A sentence for the driver, in the language of `Accept-Language`.
    message: String,
    /// Further details, such as the `sha256` of the video that the report has, or that the refusal is
    /// `remembered`.
    #[schema(value_type = Object)]
    details: Value,
}

impl PreflightResponse {
    /// `declared` has the problems of the media type and of the form fields. An upload reports them
    /// after an excessive length and before everything else.
    pub(super) fn new(
        preflighted: Preflighted,
        declared: impl Iterator<Item = Problem>,
        language: Language,
    ) -> Self {
        let Preflighted { reasons, notes, facts, judged, verdicts } = preflighted;
        let (before, after): (Vec<_>, Vec<_>) =
            reasons.into_iter().partition(|error| matches!(error, UploadError::TooLong { .. }));
        let problems = |errors: Vec<UploadError>| errors.into_iter().map(Problem::from);
        let reasons = problems(before).chain(declared).chain(problems(after));
        let reasons: Vec<_> =
            reasons.map(|problem| PreflightReason::new(problem, language)).collect();
        let (verdict, label) = if reasons.is_empty() {
            (PreflightVerdict::Accepted, "accepted")
        } else {
            (PreflightVerdict::Refused, "refused")
        };
        metrics::counter!("forte_media_preflights_total", "verdict" => label).increment(1);
        Self { verdict, reasons, notes, verdicts, facts, judged }
    }
}

impl PreflightReason {
    fn new(problem: Problem, language: Language) -> Self {
        let (error, message, mut details) = problem.into_reason(language);
        let text = |name| details.get(name).and_then(Value::as_str).map(str::to_owned);
        let (check, path) = (text("code"), text("path"));
        let at = details.get("at").and_then(Value::as_u64);
        if check.is_some() {
            // The other details of a refusal are fields of the reason.
            let remembered = details.get("remembered").cloned();
            details = remembered.map_or(json!({}), |known| json!({ "remembered": known }));
        }
        let error = error.as_str().to_owned();
        let code = check.unwrap_or_else(|| error.clone());
        Self { error, code, at, path, message, details }
    }
}

//! What 1C is told about each item.

use serde::Serialize;
use utoipa::ToSchema;

use crate::database::ChangeOutcome;
use crate::model::ReportStatus;

use super::reading::Wrong;

/// The reply to a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reply {
    /// The number of the message that was taken.
    #[schema(example = 42)]
    pub accepted_no: i64,
    /// One for each item, in their order.
    pub results: Vec<ItemResult>,
}

/// What became of an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemResult {
    /// Its key as it was sent; empty when there was none.
    #[schema(example = "0a6c3bbe-d2c5-11ec-8a4e-005056aaa4ae")]
    pub ref_key: String,
    /// Whether it is in order: taken, or known already.
    pub ok: bool,
    /// The code of what is wrong: `validation_failed`, `unknown_type`, `unknown_reference`,
    /// `biin_taken`, `not_found`, `decision_conflict`; empty when nothing is.
    #[schema(example = "")]
    pub error: String,
    /// A sentence about it; empty when there is nothing to say.
    #[schema(example = "")]
    pub message: String,
}

/// What is wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemError {
    /// Fields cannot be.
    Fields(Vec<Wrong>),
    /// There is no such type of items.
    Type,
    /// It is no object.
    Shape,
}

impl ItemResult {
    pub(super) fn refused(ref_key: String, error: &ItemError) -> Self {
        let (code, message) = match error {
            ItemError::Fields(wrong) => ("validation_failed", sentence(wrong)),
            ItemError::Type => ("unknown_type", "type: there is no such type of items".to_owned()),
            ItemError::Shape => ("validation_failed", "an item must be an object".to_owned()),
        };
        Self { ref_key, ok: false, error: code.to_owned(), message }
    }

    pub(super) fn of(ref_key: String, outcome: ChangeOutcome) -> Self {
        let (error, message) = words(outcome);
        Self { ref_key, ok: error.is_empty(), error: error.to_owned(), message }
    }
}

/// The code of what is wrong, and a sentence.
fn words(outcome: ChangeOutcome) -> (&'static str, String) {
    match outcome {
        ChangeOutcome::Applied => ("", String::new()),
        ChangeOutcome::Older => {
            ("", "ignored: this version or a later one is there already".to_owned())
        }
        ChangeOutcome::StatusKept(ReportStatus::Submitted) => (
            "",
            "taken, but status_code stays 2: a video has arrived that 1C has not heard of"
                .to_owned(),
        ),
        ChangeOutcome::StatusKept(status) => (
            "",
            format!(
                "taken, but status_code stays {}: it was changed here, and 1C says what it said before",
                status.code()
            ),
        ),
        ChangeOutcome::NotFound => ("", "there is no such object".to_owned()),
        ChangeOutcome::UnknownReference(field) => {
            ("unknown_reference", format!("{field}: there is no such object; send it before"))
        }
        ChangeOutcome::BiinTaken => {
            ("biin_taken", "biin: another company has it, under another ref_key".to_owned())
        }
        ChangeOutcome::NoReport => ("not_found", "ref_key: there is no such report".to_owned()),
        ChangeOutcome::Stale { status, revision } => (
            "decision_conflict",
            format!(
                "the report is not as it was decided about: status_code {}, version {revision}",
                status.code()
            ),
        ),
    }
}

/// `biin: must have 12 digits; name: is required`
pub(super) fn sentence(wrong: &[Wrong]) -> String {
    let each: Vec<String> = wrong.iter().map(|(field, why)| format!("{field}: {why}")).collect();
    each.join("; ")
}

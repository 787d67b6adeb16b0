//! The reply to a message: the result of each item.

use serde::Serialize;
use utoipa::ToSchema;

use crate::database::ChangeOutcome;
use crate::model::ReportStatus;

use super::field_reader::{FieldError, join};

/// The reply to a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reply {
    /// The number of the message.
    #[schema(example = 42)]
    pub accepted_no: i64,
    /// One result for each item, in the same order.
    pub results: Vec<ItemResult>,
}

/// The result of an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemResult {
    /// The key as it was sent; empty if there was none.
    #[schema(example = "0a6c3bbe-d2c5-11ec-8a4e-005056aaa4ae")]
    pub ref_key: String,
    /// Whether the item is stored, now or already before.
    pub ok: bool,
    /// `validation_failed`, `unknown_type`, `unknown_reference`, `biin_taken`, `not_found` or
    /// `decision_conflict`; empty if the item is stored.
    #[schema(example = "")]
    pub error: String,
    /// A sentence about the error or the result; may be empty.
    #[schema(example = "")]
    pub message: String,
    /// The film link, by which the driver films without signing in, for an item with `"film_link": true`.
    /// Absent if the report does not wait for a video, or if `http.public_url` is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub film_link: Option<String>,
}

/// Why an item cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemError {
    Fields(Vec<FieldError>),
    UnknownType,
    NotAnObject,
    /// Its JSON cannot be parsed.
    Damaged(String),
}

impl ItemResult {
    pub(super) fn refused(ref_key: String, error: &ItemError) -> Self {
        let (code, message) = match error {
            ItemError::Fields(errors) => ("validation_failed", join(errors)),
            ItemError::UnknownType => ("unknown_type", "type: unknown item type".to_owned()),
            ItemError::Damaged(why) => {
                ("validation_failed", format!("the JSON of this item is invalid: {why}"))
            }
            ItemError::NotAnObject => ("validation_failed", "an item must be an object".to_owned()),
        };
        Self { ref_key, ok: false, error: code.to_owned(), message, film_link: None }
    }

    pub(super) fn new(ref_key: String, outcome: ChangeOutcome) -> Self {
        let (error, message) = code_and_message(outcome);
        Self { ref_key, ok: error.is_empty(), error: error.to_owned(), message, film_link: None }
    }
}

fn code_and_message(outcome: ChangeOutcome) -> (&'static str, String) {
    match outcome {
        ChangeOutcome::Applied => ("", String::new()),
        ChangeOutcome::Older => {
            ("", "ignored: the same or a later version is stored already".to_owned())
        }
        ChangeOutcome::StatusKept(ReportStatus::Submitted) => {
            ("", "stored, but status_code stays 2: a video has arrived in the meantime".to_owned())
        }
        ChangeOutcome::StatusKept(status) => {
            let kept = status.code();
            let why = "it was changed here after 1C last sent it";
            ("", format!("stored, but status_code stays {kept}: {why}"))
        }
        ChangeOutcome::NotFound => ("", "there is no such object".to_owned()),
        ChangeOutcome::UnknownReference(field) => {
            ("unknown_reference", format!("{field}: {UNKNOWN_REFERENCE}"))
        }
        ChangeOutcome::BiinTaken => {
            let message = "biin: another company has this BIN or IIN, under another ref_key";
            ("biin_taken", message.to_owned())
        }
        ChangeOutcome::NoReport => ("not_found", "ref_key: there is no such report".to_owned()),
        ChangeOutcome::Stale { status, revision } => {
            let state = format!("status_code {}, version {revision}", status.code());
            ("decision_conflict", format!("the report has changed since; it has {state}"))
        }
    }
}

pub(super) const UNKNOWN_REFERENCE: &str = "there is no such object; send that object first";

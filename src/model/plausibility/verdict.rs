//! What a test says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EarlierUse;

/// What was looked at. The name is a promise: joined by others, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The recorder's clock against the time of sending that the driver gave.
    RecordedAtSending,
    /// The recorder's clock against the server's.
    RecordedAtReceipt,
    /// The recorder's clock against the report's first day and deadline.
    RecordedInWindow,
    /// Where the recorder was against the place of sending that the driver gave.
    RecordedPlace,
    /// The place of sending against those of this vehicle's earlier videos.
    UsualPlace,
    /// How long it is against what is usual for the vehicle, or the company.
    UsualLength,
    /// Whether it came before, for another report.
    Reuse,
}

impl Test {
    /// The word in the database, in answers and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordedAtSending => "recorded_at_sending",
            Self::RecordedAtReceipt => "recorded_at_receipt",
            Self::RecordedInWindow => "recorded_in_window",
            Self::RecordedPlace => "recorded_place",
            Self::UsualPlace => "usual_place",
            Self::UsualLength => "usual_length",
            Self::Reuse => "reuse",
        }
    }
}

/// The four answers of a test. Never one opaque score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Worth a look.
    Warn,
    /// Not as an honest video would have it.
    Fail,
    /// There is nothing to judge by.
    Absent,
}

impl Outcome {
    /// The word in the database, in answers and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Absent => "absent",
        }
    }

    /// Pass up to one limit, warn up to the other, fail beyond.
    pub(super) fn of<T: PartialOrd>(measured: &T, pass: &T, fail: &T) -> Self {
        match measured {
            measured if measured <= pass => Self::Pass,
            measured if measured <= fail => Self::Warn,
            _ => Self::Fail,
        }
    }
}

/// What one test says of a video. A plausibility test never refuses by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// What was looked at.
    pub test: Test,
    /// How it went.
    pub outcome: Outcome,
    /// A sentence with the numbers behind it.
    #[schema(example = "recorded 2 min before it was sent")]
    pub message: String,
    /// Where the same video came before.
    #[schema(example = json!([]))]
    pub links: Vec<EarlierUse>,
}

impl Verdict {
    pub(super) fn new(test: Test, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { test, outcome, message: message.into(), links: Vec::new() }
    }

    pub(super) fn absent(test: Test, message: &str) -> Self {
        Self::new(test, Outcome::Absent, message)
    }
}

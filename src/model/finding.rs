//! What the inspection has to say about a file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Check;

/// One thing found: a note, or the reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Which check found it.
    #[serde(rename = "code")]
    pub check: Check,
    /// Byte position of the trouble in the file, where it has one.
    pub at: Option<u64>,
    /// The box of the trouble, such as `moov/trak[2]/mdia/minf/stbl`, where it is known: the
    /// innermost one that holds or begins at the position. `[n]` counts from 1 among siblings of
    /// the same kind and is left out where there is one only.
    #[serde(default)] // notes that were stored before there was a path
    pub path: Option<String>,
    /// A sentence a person can act on.
    pub message: String,
}

impl Finding {
    /// A finding at a byte position.
    #[must_use]
    pub fn at(check: Check, at: u64, message: impl Into<String>) -> Self {
        Self { check, at: Some(at), path: None, message: message.into() }
    }

    /// A finding about the file as a whole.
    #[must_use]
    pub fn whole(check: Check, message: impl Into<String>) -> Self {
        Self { check, at: None, path: None, message: message.into() }
    }

    /// The same finding as the reason of a refusal: its message also says what the driver should do.
    #[must_use]
    pub fn asking(self) -> Self {
        let message = format!("{} {}", self.message, self.check.guide().driver);
        Self { message, ..self }
    }

    /// The same finding, with the box it is in, unless that is known already.
    #[must_use]
    pub fn within(self, path: Option<String>) -> Self {
        Self { path: self.path.or(path), ..self }
    }
}

/// Why a file is no good, and how early that was certain. `details` of a `video_refused` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Bytes read when it was certain.
    pub judged_after: u64,
    /// What else was noticed.
    pub notes: Vec<Finding>,
}

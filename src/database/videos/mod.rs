//! Stored videos: custody, earlier uses, history for the plausibility checks.

mod history;
pub(super) mod reuse;
mod submission;
pub(super) mod video;

pub use reuse::Fingerprint;
pub(super) use submission::SUBMISSION_COLUMNS;
pub use submission::StoredSubmission;
pub use video::{CustodyEntry, VideoRow};

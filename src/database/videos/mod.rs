//! Stored videos: custody, earlier uses, history for the plausibility checks.

mod history;
pub(super) mod reuse;
mod video;

pub use reuse::Fingerprint;
pub use video::{CustodyEntry, VideoRow};

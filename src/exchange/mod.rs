//! The exchange with 1C: submissions out.

mod config;
mod queue;

pub use config::Config;
pub use queue::{Page, Queue, QueueError, Submission, USUAL_PAGE, Verdict};

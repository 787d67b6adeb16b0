//! The exchange with 1C: objects in, submissions out.
//!
//! 1C calls and waits (`conventions.md` §5.5).

mod config;
mod envelope;
mod error;
mod inbox;
mod items;
mod queue;
mod reading;
mod reply;

pub use crate::database::ObjectKind;
pub use config::Config;
pub use error::OnecError;
pub use inbox::Inbox;
pub use queue::{Note, Page, Queue, QueueError, Submission, USUAL_PAGE};
pub use reading::Wrong;
pub use reply::{ItemError, ItemResult, Reply};

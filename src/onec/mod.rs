//! The exchange with 1C, which is always the caller: it sends objects and fetches submissions.

mod config;
mod damaged;
mod envelope;
mod error;
mod field_reader;
mod inbox;
mod items;
mod queue;
mod reply;

pub use crate::database::ObjectKind;
pub use config::Config;
pub use error::OnecError;
pub use field_reader::FieldError;
pub use inbox::Inbox;
pub use queue::{DEFAULT_PAGE, Note, Page, Queue, Submission};
pub use reply::{ItemError, ItemResult, Reply};

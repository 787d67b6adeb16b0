//! Messages to deliver: enqueued with the change they report, claimed with a lease, completed.

mod listing;
pub(super) mod messages;
pub(super) mod pushes;
mod retention;

pub use listing::EventRow;
pub use messages::{Channel, Claimed, EventState, OutboxDepth, OutboxMessage, Settled};
pub use pushes::{Device, Post, PushKind, ReportOfNote};
pub use retention::OldMessages;

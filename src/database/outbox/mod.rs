//! Messages to deliver: enqueued with the change they report, claimed with a lease, completed.

mod listing;
pub(super) mod messages;
pub(super) mod pushes;
mod retention;

pub use listing::EventRow;
pub use messages::{ClaimedMessage, DeliveryResult, EnqueueContext, EventState, OutboxDepth};
pub use pushes::{PushDevice, PushReport};
pub use retention::RetentionCutoffs;

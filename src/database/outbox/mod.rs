//! Messages to deliver: enqueued with the change they report, claimed with a lease, completed.

mod listing;
pub(super) mod messages;
pub(super) mod pushes;
mod retention;

pub use listing::EventRow;
pub use messages::{
    Channel, ClaimedMessage, DeliveryResult, EventState, OutboxDepth, OutboxMessage,
};
pub use pushes::{EnqueueContext, PushDevice, PushKind, PushReport};
pub use retention::RetentionCutoffs;

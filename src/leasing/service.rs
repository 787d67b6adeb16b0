//! The service handle.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::database::{Database, EnqueueContext};
use crate::events;
use crate::model::{Clock, Random};

/// Decisions and reminders. Cheap to clone.
#[derive(Clone)]
pub struct Leasing {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) random: Random,
    /// Notified when a message has been added to the outbox.
    pub(super) wakeup: Arc<Notify>,
}

impl Leasing {
    pub fn new(database: Database, clock: Clock, random: Random, wakeup: Arc<Notify>) -> Self {
        Self { database, clock, random, wakeup }
    }

    pub(super) fn enqueue_context(&self) -> EnqueueContext<'_> {
        EnqueueContext::new(&self.clock, &self.random, events::message)
    }
}

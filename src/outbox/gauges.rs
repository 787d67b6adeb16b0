//! What operators see of the outbox.

use jiff::SignedDuration;
use metrics::{counter, gauge};

use crate::ledger::{EventState, Settled};

/// What waits, and what was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Messages to be delivered.
    pub messages: u64,
    /// How long the oldest of them has been waiting.
    pub oldest: Option<SignedDuration>,
    /// Messages given up: see `events list --state dead`.
    pub dead: u64,
}

impl Waiting {
    /// Sets the gauges.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts messages past 2⁵³")]
    pub(super) fn gauge(self) {
        gauge!("forte_media_outbox_depth").set(self.messages as f64);
        gauge!("forte_media_outbox_dead").set(self.dead as f64);
        let oldest = self.oldest.map_or(0.0, |age| age.as_secs_f64());
        gauge!("forte_media_outbox_age_seconds").set(oldest);
    }
}

/// Counts a try by the state it left its message in, and says which message was given up.
pub(super) fn count_try(settled: &Settled) {
    counter!("forte_media_outbox_deliveries_total", "outcome" => settled.state.as_str())
        .increment(1);
    let Settled { id, status, error, .. } = settled;
    match settled.state {
        EventState::Delivered => tracing::debug!(%id, status, "delivered"),
        EventState::Pending => tracing::info!(%id, status, %error, "not delivered yet"),
        EventState::Dead => tracing::error!(%id, status, %error, "given up; replay it by hand"),
    }
}

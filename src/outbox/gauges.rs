//! What operators see of the outbox.

use jiff::SignedDuration;
use metrics::{counter, gauge};

use crate::database::{Channel, DeliveryResult, EventState};

/// What waits for one channel, and what was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Who is told.
    pub channel: Channel,
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
        let channel = self.channel.as_str();
        gauge!("forte_media_outbox_depth", "channel" => channel).set(self.messages as f64);
        gauge!("forte_media_outbox_dead", "channel" => channel).set(self.dead as f64);
        let oldest = self.oldest.map_or(0.0, |age| age.as_secs_f64());
        gauge!("forte_media_outbox_age_seconds", "channel" => channel).set(oldest);
    }
}

/// Counts a try by the state it left its message in, and says which message was given up.
pub(super) fn count_try(channel: Channel, settled: &DeliveryResult) {
    let channel = channel.as_str();
    let outcome = settled.state.as_str();
    counter!("forte_media_outbox_deliveries_total", "channel" => channel, "outcome" => outcome)
        .increment(1);
    let DeliveryResult { id, status, error, .. } = settled;
    match settled.state {
        EventState::Delivered => tracing::debug!(%id, channel, status, "delivered"),
        EventState::Pending => tracing::info!(%id, channel, status, %error, "not delivered yet"),
        EventState::Dead => {
            tracing::error!(%id, channel, status, %error, "given up; replay it by hand");
        }
        EventState::Dropped => tracing::info!(%id, channel, status, %error, "nobody to tell"),
    }
}

/// Counts what was too late to be tried.
pub(super) fn count_expired(channel: Channel, messages: u64) {
    let channel = channel.as_str();
    counter!("forte_media_outbox_deliveries_total", "channel" => channel, "outcome" => "expired")
        .increment(messages);
    if messages > 0 {
        tracing::warn!(channel, messages, "expired before they could be delivered");
    }
}

//! Metrics and log lines of the outbox.

use jiff::Timestamp;
use metrics::{counter, gauge};

use crate::database::{DeliveryResult, EventState, OutboxDepth};
use crate::model::Channel;

const DELIVERIES: &str = "forte_media_outbox_deliveries_total";

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2⁵³")]
pub(super) fn set_gauges(depth: &OutboxDepth, now: Timestamp) {
    let channel = depth.channel.as_str();
    gauge!("forte_media_outbox_depth", "channel" => channel).set(depth.pending as f64);
    gauge!("forte_media_outbox_dead", "channel" => channel).set(depth.dead as f64);
    let age = depth.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
    gauge!("forte_media_outbox_age_seconds", "channel" => channel).set(age);
}

pub(super) fn count_attempt(channel: Channel, result: &DeliveryResult) {
    let channel = channel.as_str();
    counter!(DELIVERIES, "channel" => channel, "outcome" => result.state.as_str()).increment(1);
    let DeliveryResult { id, status, error, .. } = result;
    match result.state {
        EventState::Delivered => tracing::debug!(%id, channel, status, "message delivered"),
        EventState::Pending => {
            tracing::info!(%id, channel, status, %error, "delivery failed, retrying later");
        }
        EventState::Dead => {
            tracing::error!(%id, channel, status, %error, "message given up; see `events replay`");
        }
        EventState::Dropped => {
            tracing::info!(%id, channel, status, %error, "message without a recipient dropped");
        }
    }
}

/// Counts messages that expired before an attempt.
pub(super) fn count_expired(channel: Channel, messages: u64) {
    let channel = channel.as_str();
    counter!(DELIVERIES, "channel" => channel, "outcome" => "expired").increment(messages);
    if messages > 0 {
        tracing::warn!(channel, messages, "messages expired before delivery");
    }
}

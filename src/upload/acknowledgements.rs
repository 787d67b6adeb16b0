//! When the bytes of a running request are acknowledged, so that a crash costs little of it.

use std::time::Duration;

use tokio::time::Instant;

use super::config::Config;

/// Limit for an acknowledgement while a request goes on: nothing is read from the phone meanwhile, and it must
/// not give up because a store or a database hangs.
pub(super) const EARLY_LIMIT: Duration = Duration::from_secs(10);

/// The acknowledgement schedule of one request, and its state. A flush of the spool is cheap; each segment is an
/// object in the store, so there are few of them, and none in a short request.
pub(super) struct Schedule {
    /// No acknowledgement before.
    earliest: Instant,
    /// Unacknowledged bytes that are enough at any time.
    bytes: u64,
    /// Unacknowledged bytes that are enough after `interval`.
    min_bytes: u64,
    interval: Duration,
    last: Instant,
}

impl Schedule {
    pub(super) fn new(config: &Config, is_segmented: bool) -> Self {
        let now = Instant::now();
        let (delay, interval, min_bytes) = if is_segmented {
            (config.segment_delay, config.segment_every, config.segment_min_bytes)
        } else {
            (jiff::SignedDuration::ZERO, config.flush_every, 1)
        };
        Self {
            earliest: now + delay.unsigned_abs(),
            bytes: config.flush_bytes,
            min_bytes: min_bytes.max(1),
            interval: interval.unsigned_abs(),
            last: now,
        }
    }

    /// The time at which the `unacknowledged` bytes are to be acknowledged. `None`: only after more bytes have
    /// arrived, or at the end of the request.
    pub(super) fn due_at(&self, unacknowledged: u64) -> Option<Instant> {
        if unacknowledged >= self.bytes.max(1) {
            return Some(self.earliest);
        }
        let is_enough = unacknowledged >= self.min_bytes;
        is_enough.then(|| self.earliest.max(self.last + self.interval))
    }

    pub(super) fn restart(&mut self) {
        self.last = Instant::now();
    }

    /// After a failure: tries again, but not with the next byte.
    pub(super) fn postpone(&mut self) {
        self.restart();
        self.earliest = self.last + self.interval;
    }
}

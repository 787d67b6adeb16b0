//! A request body: its chunks, how it ends, and its minimum rate.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::config::Config;

/// The bytes of a request, as they arrive. An error ends it.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// The client sent all of it.
    Complete,
    /// The client vanished, sent nothing for too long, or sent too slowly.
    Cut,
    /// A newer request wants to write to the upload.
    ReleaseRequested,
    /// The body was longer than allowed; the allowed part was kept.
    TooLong,
    /// The inspection refused the bytes, or the same bytes were refused before.
    Refused,
    /// The body does not match its checksum; none of it was kept.
    ChecksumMismatch,
}

/// The next chunk of a body, or its end.
pub(super) async fn next_chunk(
    body: &mut Body,
    idle_timeout: Duration,
    release_requested: &CancellationToken,
) -> Result<Bytes, BodyEnd> {
    let arrived = tokio::select! {
        biased;
        () = release_requested.cancelled() => return Err(BodyEnd::ReleaseRequested),
        arrived = timeout(idle_timeout, body.next()) => arrived,
    };
    match arrived {
        Ok(Some(Ok(chunk))) => Ok(chunk),
        Ok(None) => Err(BodyEnd::Complete),
        // Every cause is treated alike: what has arrived is kept.
        Ok(Some(Err(_))) | Err(_) => Err(BodyEnd::Cut),
    }
}

/// Detects bodies that are too slow. A slow network is accepted, a trickle that only occupies a
/// connection is not.
pub(super) struct MinimumRate {
    interval: Duration,
    min_bytes: u64,
    began: Instant,
    received: u64,
}

impl MinimumRate {
    pub(super) fn new(config: &Config) -> Self {
        let interval = config.minimum_rate_over.unsigned_abs();
        let min_bytes = config.minimum_rate.saturating_mul(interval.as_secs());
        Self { interval, min_bytes, began: Instant::now(), received: 0 }
    }

    /// Counts received bytes; `true` when an interval has just ended with too few.
    pub(super) fn is_violated(&mut self, bytes: u64) -> bool {
        self.received = self.received.saturating_add(bytes);
        if self.began.elapsed() < self.interval {
            return false;
        }
        let too_slow = self.received < self.min_bytes;
        (self.began, self.received) = (Instant::now(), 0);
        too_slow
    }
}

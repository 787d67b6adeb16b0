//! A request body: its chunks, how it ends, and its limits.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::config::Config;

/// The bytes of a request, as they arrive. An error ends it.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Chunks shorter than this are joined before they are written and scanned: both have a cost per call.
const SMALL: usize = 16 * 1024;
/// How much is joined at most.
const JOINED: usize = 64 * 1024;

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// The client sent all of it.
    Complete,
    /// The client vanished, sent nothing for too long, or sent too slowly.
    Cut,
    /// A newer request wants to write to the upload.
    ReleaseRequested,
    /// The body was longer than allowed; the allowed part except its last byte was kept.
    TooLong,
    /// The inspection refused the bytes, or the same bytes were refused before.
    Refused,
    /// The body does not match its checksum; none of it was kept.
    ChecksumMismatch,
}

/// Reads a body of a limited length.
pub(super) struct BodyReader {
    body: Body,
    idle_timeout: Duration,
    /// When the last bytes arrived.
    active_at: Instant,
    rate: MinimumRate,
    release_requested: CancellationToken,
    /// How many bytes may still come.
    remaining: u64,
    /// The last byte that may come. It is kept back until the body ends: if more bytes come, the file
    /// must not look complete.
    last_byte: Bytes,
    /// How the body ended, once that is known.
    end: Option<BodyEnd>,
}

impl BodyReader {
    pub(super) fn new(
        body: Body,
        max_bytes: u64,
        config: &Config,
        release_requested: CancellationToken,
    ) -> Self {
        Self {
            body,
            idle_timeout: config.idle_timeout.unsigned_abs(),
            active_at: Instant::now(),
            rate: MinimumRate::new(config),
            release_requested,
            remaining: max_bytes,
            last_byte: Bytes::new(),
            end: None,
        }
    }

    /// The next bytes, or how the body ended. `None` if none have arrived at `until`.
    pub(super) async fn next(&mut self, until: Option<Instant>) -> Result<Option<Bytes>, BodyEnd> {
        let read = match self.end {
            Some(end) => Err(end),
            None => self.read(until).await,
        };
        match read {
            Ok(bytes) => bytes.map(|bytes| self.limit(bytes)).transpose(),
            Err(end) if self.last_byte.is_empty() => Err(end),
            Err(end) => {
                self.end = Some(end);
                Ok(Some(std::mem::take(&mut self.last_byte)))
            }
        }
    }

    /// Restarts the idle timeout and the measurement of the rate, because nothing was read for a while.
    pub(super) fn restart_clocks(&mut self) {
        self.active_at = Instant::now();
        self.rate.restart();
    }

    async fn read(&mut self, until: Option<Instant>) -> Result<Option<Bytes>, BodyEnd> {
        let idle_until = self.active_at + self.idle_timeout;
        let deadline = until.map_or(idle_until, |until| until.min(idle_until));
        if deadline <= Instant::now() {
            return self.elapsed();
        }
        let arrived = tokio::select! {
            biased;
            () = self.release_requested.cancelled() => return Err(BodyEnd::ReleaseRequested),
            arrived = timeout_at(deadline, self.body.next()) => arrived,
        };
        let Ok(arrived) = arrived else { return self.elapsed() };
        let chunk = chunk_or_end(arrived)?;
        self.active_at = Instant::now();
        Ok(Some(if chunk.len() < SMALL { self.join_ready(chunk) } else { chunk }))
    }

    fn elapsed(&self) -> Result<Option<Bytes>, BodyEnd> {
        if self.active_at.elapsed() >= self.idle_timeout { Err(BodyEnd::Cut) } else { Ok(None) }
    }

    /// Appends what has arrived already, so that a body of tiny chunks costs no more than another.
    fn join_ready(&mut self, first: Bytes) -> Bytes {
        let mut joined = BytesMut::from(first);
        while joined.len() < JOINED {
            match self.body.next().now_or_never().map(chunk_or_end) {
                None => break,
                Some(Ok(chunk)) => joined.extend_from_slice(&chunk),
                Some(Err(end)) => {
                    self.end = Some(end);
                    break;
                }
            }
        }
        joined.freeze()
    }

    /// Applies the limits to what has arrived. The body may end with it.
    fn limit(&mut self, mut bytes: Bytes) -> Result<Bytes, BodyEnd> {
        if !self.last_byte.is_empty() && !bytes.is_empty() {
            return Err(BodyEnd::TooLong);
        }
        let length = bytes.len() as u64;
        let is_slow = self.rate.is_violated(length);
        if length > self.remaining {
            bytes.truncate(usize::try_from(self.remaining.saturating_sub(1)).unwrap_or(usize::MAX));
            self.end = Some(BodyEnd::TooLong);
            return Ok(bytes);
        }
        self.remaining -= length;
        if self.remaining == 0 && self.end.is_none() && !bytes.is_empty() {
            self.last_byte = bytes.split_off(bytes.len() - 1);
        } else if is_slow && self.end.is_none() {
            self.end = Some(BodyEnd::Cut);
        }
        Ok(bytes)
    }
}

fn chunk_or_end(arrived: Option<Result<Bytes, BodyError>>) -> Result<Bytes, BodyEnd> {
    match arrived {
        Some(Ok(chunk)) => Ok(chunk),
        None => Err(BodyEnd::Complete),
        // Every cause is treated alike: what has arrived is kept.
        Some(Err(_)) => Err(BodyEnd::Cut),
    }
}

/// Detects bodies that are too slow. A slow network is accepted, a trickle that only occupies a
/// connection is not.
struct MinimumRate {
    interval: Duration,
    min_bytes: u64,
    began: Instant,
    received: u64,
}

impl MinimumRate {
    fn new(config: &Config) -> Self {
        let interval = config.minimum_rate_over.unsigned_abs();
        let min_bytes = config.minimum_rate.saturating_mul(interval.as_secs());
        Self { interval, min_bytes, began: Instant::now(), received: 0 }
    }

    /// Counts received bytes; `true` when an interval has just ended with too few.
    fn is_violated(&mut self, bytes: u64) -> bool {
        self.received = self.received.saturating_add(bytes);
        if self.began.elapsed() < self.interval {
            return false;
        }
        let too_slow = self.received < self.min_bytes;
        self.restart();
        too_slow
    }

    fn restart(&mut self) {
        (self.began, self.received) = (Instant::now(), 0);
    }
}

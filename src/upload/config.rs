//! `[upload]`: settings of uploads.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::model::{Length, setting_words};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of this node's spool files.
    pub spool: PathBuf,
    /// Longest video, in bytes.
    pub max_length: Length,
    /// An upload expires this long after its last acknowledged byte.
    pub expires_after: SignedDuration,
    /// An upload expires at the latest this long after its creation.
    pub expires_at_most: SignedDuration,
    /// A request ends when its body brings no byte for this long.
    pub idle_timeout: SignedDuration,
    /// Lowest transfer rate of a body, in bytes per second, averaged over `minimum_rate_over`.
    pub minimum_rate: u64,
    pub minimum_rate_over: SignedDuration,
    /// A running request acknowledges its bytes when there are this many.
    pub flush_bytes: u64,
    /// Without segments, a running request acknowledges its bytes at this interval.
    pub flush_every: SignedDuration,
    /// Whether acknowledged bytes are written to shared storage.
    pub segments: Segments,
    /// A request that has run for less than this writes no segment, except at its end.
    pub segment_delay: SignedDuration,
    /// A running request writes a segment at this interval, if it has `segment_min_bytes`.
    pub segment_every: SignedDuration,
    pub segment_min_bytes: u64,
    /// How long a request waits for the current writer of its upload to release it.
    pub release_wait: SignedDuration,
    /// How often another node's lease is polled, and how often a node looks for release requests.
    pub lease_poll: SignedDuration,
    /// How long a request waits for its video to be stored.
    pub finish_wait: SignedDuration,
    /// How long storing is retried before the upload is reopened at `length - 1`.
    pub finish_tries_for: SignedDuration,
    /// Number of `moov` boxes that are parsed concurrently.
    pub readers: usize,
    /// How many running digests and scanners are cached between requests.
    pub scan_cache_limit: usize,
    /// Memory of the tables in all cached scanners, in bytes.
    pub scan_cache_bytes: u64,
    /// Interval between two heartbeats of a node.
    pub heartbeat: SignedDuration,
    /// A node without a heartbeat for this long is declared dead and its leases are released.
    pub holder_dead_after: SignedDuration,
    /// Interval between two sweeps.
    pub sweep_every: SignedDuration,
    /// How many uploads one sweep expires, and how many it clears.
    pub sweep_batch: u32,
    /// Delay between the first and the second cleanup of an ended upload, which never precedes its original
    /// expiry. Longer than any write that another node may still have in progress.
    pub clear_again_after: SignedDuration,
    /// How many uploads a person may have open at a time.
    pub max_open_per_person: u64,
    /// At that limit, a writer that has received nothing for this long is interrupted and its upload ends.
    pub idle_writer: SignedDuration,
    /// Whether a video that another report of the company holds is accepted.
    pub reuse: Reuse,
    /// How long a refusal is remembered, from the creation of the refused upload.
    pub refusals_kept: SignedDuration,
    /// How long the row of an ended upload is kept after its expiry.
    pub keep_ended: SignedDuration,
    /// How many uploads of a person may end within a day without a stored video.
    pub abandoned_per_day: u64,
    /// How many preflights a person may request per minute.
    pub preflights_per_minute: usize,
    /// Number of preflights that are processed concurrently.
    pub preflights_at_once: usize,
}

impl Config {
    /// The expiry of an upload whose last byte is acknowledged at `now`.
    pub(super) fn expires_at(&self, created: Timestamp, now: Timestamp) -> Timestamp {
        let latest = created.saturating_add(self.expires_at_most).unwrap_or(Timestamp::MAX);
        now.saturating_add(self.expires_after).unwrap_or(Timestamp::MAX).min(latest)
    }
}

/// What happens to a video that another report of the company holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// It is accepted, with a verdict for the reviewer.
    Note,
    /// It is refused; the report stays open.
    Refuse,
}

setting_words!(Reuse { Note = "note", Refuse = "refuse" });

/// Whether acknowledged bytes of an open upload are written to shared storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segments {
    /// With PostgreSQL, where another node may continue the upload; not with SQLite.
    Auto,
    /// Always.
    On,
    /// Never: this node's disk is durable enough.
    Off,
}

setting_words!(Segments { Auto = "auto", On = "on", Off = "off" });

//! Settings of open uploads.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::model::Length;

/// `[upload]`: the life of an upload.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of this node's spool files.
    pub spool: PathBuf,
    /// Longest video, in bytes.
    pub max_length: Length,
    /// How long an upload waits for its next byte.
    pub expires_after: SignedDuration,
    /// How long an upload lives at most, counted from its creation.
    pub expires_at_most: SignedDuration,
    /// How long a body may bring nothing before its request is ended.
    pub idle_timeout: SignedDuration,
    /// Fewest bytes a second a body must bring, averaged over `minimum_rate_over` (S47).
    pub minimum_rate: u64,
    /// The stretch of time over which `minimum_rate` is averaged.
    pub minimum_rate_over: SignedDuration,
    /// Whether pieces are made durable in shared storage.
    pub segments: Segments,
    /// How long a newcomer waits for the writer before it to let go.
    pub release_wait: SignedDuration,
    /// How often another node's lease is looked at while waiting for it, and how often a node looks
    /// whether others want its gates.
    pub lease_poll: SignedDuration,
    /// How long a request waits for its upload to be finished.
    pub finish_wait: SignedDuration,
    /// How long storing is tried before the upload is open again, one byte short.
    pub finish_tries_for: SignedDuration,
    /// How many `moov` boxes are read at a time.
    pub readers: usize,
    /// How many running digests and scanners are kept between requests.
    pub scan_cache_limit: usize,
    /// How many bytes of tables they keep together.
    pub scan_cache_bytes: u64,
    /// How often a node says that it lives.
    pub heartbeat: SignedDuration,
    /// Silence after which a node counts as dead and its gates are free.
    pub holder_dead_after: SignedDuration,
    /// How often expired uploads are looked for.
    pub sweep_every: SignedDuration,
    /// How many expired uploads one sweep clears.
    pub sweep_batch: u32,
    /// When the remains of an ended upload are cleared once more: after the longest put that could
    /// have been under way on another node.
    pub clear_again_after: SignedDuration,
    /// How many uploads one person may have open (F31).
    pub max_open_per_person: u64,
    /// What is done with a video that another report of the company holds (D4).
    pub reuse: Reuse,
    /// How long the same bytes are refused for what they were refused for before, counted from the
    /// creation of the upload that was refused.
    pub refusals_kept: SignedDuration,
    /// How many preflights one person may ask for in a minute.
    pub preflights_per_minute: usize,
    /// How many preflights are read at a time.
    pub preflights_at_once: usize,
}

/// What is done with a video that another report of the company holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reuse {
    /// It is taken, and the reviewer reads where it came before.
    Note,
    /// It is not taken; the report still awaits one.
    Refuse,
}

/// Whether pieces of an open upload are made durable in shared storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segments {
    /// With PostgreSQL, where other nodes may go on; not with SQLite.
    Auto,
    /// Always.
    On,
    /// Never: this node's disk is durable enough.
    Off,
}

//! The settings of uploads.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

/// The `[upload]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This node's folder of open uploads. With a disk store: on the store's file system.
    pub spool: PathBuf,
    /// The longest video, in bytes.
    pub max_length: u64,
    /// How long after its last acknowledged byte an upload ends.
    pub expires_after: SignedDuration,
    /// How long after its creation an upload ends in any case.
    pub expires_at_most: SignedDuration,
    /// How long a body may bring nothing before it counts as cut.
    pub idle_timeout: SignedDuration,
    /// Whether open uploads are kept in the store, so that another node can go on.
    pub segments: Segments,
    /// How many segments an upload may have before they are merged into one.
    pub max_segments: u64,
    /// How long a newcomer waits for the writer before it to let go.
    pub let_go_wait: SignedDuration,
    /// How often another node's gate is looked at while waiting for it, and how often a node looks
    /// whether others want its gates.
    pub gate_poll: SignedDuration,
    /// How long a request waits for its video to be stored.
    pub finish_wait: SignedDuration,
    /// How long storing is tried before the upload is open again, one byte short.
    pub finish_tries_for: SignedDuration,
    /// How often a node says that it lives.
    pub heartbeat: SignedDuration,
    /// How long a node may be silent before its gates are free.
    pub holder_dead_after: SignedDuration,
    /// How many uploads keep their digest and scanner in memory between requests.
    pub warm_limit: usize,
    /// How many `moov` boxes are read at a time.
    pub readers: usize,
    /// How often expired uploads and their remains are looked for.
    pub sweep_every: SignedDuration,
    /// How many of them at a time.
    pub sweep_batch: u32,
    /// When the remains of an ended upload are cleared once more: after the longest put that could
    /// have been under way.
    pub clear_again_after: SignedDuration,
    /// How many living uploads a person may have.
    pub max_open_per_person: u64,
}

/// When open uploads are kept in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segments {
    /// When the ledger can be shared by several nodes: PostgreSQL.
    Auto,
    /// Always.
    On,
    /// Never: the flushed spool of this node is the only copy until a video is finished.
    Off,
}

//! Settings of the listener for operators, and limits of requests.

use std::net::SocketAddr;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::model::setting_words;

/// The section `[drive]`: the driver's page.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriveConfig {
    /// Whether a video from the driver's page must state where it was sent.
    pub position: PositionPolicy,
}

/// Whether a video must state where it was sent (`drive.position`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionPolicy {
    Required,
    /// A driver may decline to share the position.
    Optional,
}

setting_words!(PositionPolicy { Required = "required", Optional = "optional" });

/// The section `[ops]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpsConfig {
    /// Address of `/metrics`, `/healthz`, `/readyz` and `/status`.
    pub listen: SocketAddr,
    /// How long a result of `/status` is reused.
    pub status_every: SignedDuration,
    /// `/status` fails if the clocks of this node and of the database server differ by more than this.
    pub max_clock_difference: SignedDuration,
    /// `/status` fails if the oldest undelivered message is older than this.
    pub max_outbox_age: SignedDuration,
}

/// The section `[http.limits]`: limits of everything but the bytes of a video.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLimits {
    /// Longest text field of a form, in bytes.
    pub max_field: usize,
    /// Most parts of a form, including the file and parts that are skipped.
    pub max_fields: usize,
    /// How many bytes the body of a form may have besides its video.
    pub max_body_extra: u64,
    /// Longest body without a file, in bytes.
    pub max_small_body: usize,
    /// Longest `Upload-Metadata` header, in bytes.
    pub max_header_metadata: usize,
    /// Longest beginning of a video in a preflight, in bytes.
    pub max_head: usize,
    /// Time for the body of a preflight.
    pub preflight_within: SignedDuration,
}

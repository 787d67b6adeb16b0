//! Settings of the listener for operators and of what the doors take beside the video.

use std::net::SocketAddr;

use jiff::SignedDuration;
use serde::Deserialize;

/// `[ops]`: the listener for operators.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ops {
    /// Address of `/metrics`, `/healthz` and `/readyz`.
    pub listen: SocketAddr,
}

/// `[http.limits]`: what the doors take beside the video's bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLimits {
    /// Longest text field of a form, in bytes.
    pub max_field: usize,
    /// Most fields of a form, the file among them.
    pub max_fields: usize,
    /// How much longer than its video a form's body may be, in bytes.
    pub max_body_extra: u64,
    /// Longest body of named values without a file, in bytes.
    pub max_small_body: usize,
    /// Longest `Upload-Metadata` header, in bytes.
    pub max_header_metadata: usize,
    /// Most of a video's first bytes that a preflight brings.
    pub max_head: usize,
    /// How long a preflight may take to arrive.
    pub preflight_within: SignedDuration,
}

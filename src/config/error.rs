//! Errors in the settings.

use std::io;
use std::path::PathBuf;

use super::origin::Origin;

/// Why settings are refused. No message contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of `--config`.
    #[error("cannot read the settings in {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The reason does not repeat the line, which may contain a secret.
    #[error("{origin} is not TOML: {reason}")]
    Malformed { origin: Origin, reason: String },
    #[error("unknown setting `{key}` in {origin}; the nearest known one is `{nearest}`")]
    Unknown { key: String, origin: Origin, nearest: String },
    #[error("both `{key}` and `{key}_file` are set in {origin}; keep one")]
    Twice { key: String, origin: Origin },
    #[error("cannot read `{key}` from {origin}")]
    SecretFile { key: String, origin: Origin, source: io::Error },
    /// A value of an example, which everybody knows.
    #[error(
        "setting `{key}` from {origin} is a sample value or easy to guess; create one, for example with \
         `openssl rand -base64 48`"
    )]
    Sample { key: String, origin: Origin },
    /// Two durations that contradict each other.
    #[error(
        "setting `{shorter}` from {shorter_origin} must be less than `{longer}` from {longer_origin}: {reason}"
    )]
    NotShorter {
        shorter: &'static str,
        shorter_origin: Origin,
        longer: &'static str,
        longer_origin: Origin,
        reason: &'static str,
    },
    /// A value of the wrong type or out of range.
    #[error("setting `{key}` from {origin} is invalid: {reason}")]
    Invalid { key: String, origin: Origin, reason: String },
}

//! Why settings were not taken.

use std::io;
use std::path::PathBuf;

use super::Origin;

/// Why settings were not taken. Each message names the key and the layer, none shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of `--config` cannot be read.
    #[error("cannot read the settings in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A layer is not TOML.
    #[error("{origin} is not TOML: {reason}")]
    Malformed {
        /// The layer.
        origin: Origin,
        /// Where and why, without the line itself: it may hold a secret.
        reason: String,
    },
    /// A key nobody reads.
    #[error("unknown setting `{key}` in {origin}; the nearest known one is `{nearest}`")]
    Unknown {
        /// The key as written.
        key: String,
        /// The layer.
        origin: Origin,
        /// The known key most like it.
        nearest: String,
    },
    /// A secret given twice in one layer.
    #[error("`{key}` is set in {origin} both itself and by `{key}_file`; keep one")]
    Twice {
        /// The secret's key.
        key: String,
        /// The layer.
        origin: Origin,
    },
    /// The file that should hold a secret does not.
    #[error("cannot take `{key}` from {origin}")]
    SecretFile {
        /// The secret's key.
        key: String,
        /// The file, and who named it.
        origin: Origin,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A value of the wrong type or out of bounds.
    #[error("setting `{key}` from {origin} does not fit: {reason}")]
    Unfit {
        /// The key.
        key: String,
        /// The layer.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
}

//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// The layer that set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// The file of `--config`.
    File(PathBuf),
    /// The name of the variable.
    Environment(String),
    /// The file of one secret, and the layer whose `…_file` setting named it.
    SecretFile {
        path: PathBuf,
        named_by: Box<Origin>,
    },
}

/// An effective setting, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// With its section, such as `upload.max_length`.
    pub key: String,
    /// The value; secrets are masked (S65).
    pub shown: String,
    pub origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "file {}", path.display()),
            Self::Environment(variable) => write!(out, "environment {variable}"),
            Self::SecretFile { path, named_by } => {
                write!(out, "file {}, named by {named_by}", path.display())
            }
        }
    }
}

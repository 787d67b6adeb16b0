//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// The layer a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The defaults inside the binary.
    Default,
    /// The file of `--config`.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// A secret's own file, and the layer whose `…_file` named it.
    SecretFile {
        /// The file that holds the secret.
        path: PathBuf,
        /// Where that file's name came from.
        named_by: Box<Origin>,
    },
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

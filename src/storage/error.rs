//! What can go wrong where bytes live.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::FaultError;

/// Whatever lies beneath an error, kept whole.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// Something went wrong with the spool or the store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A setting that cannot be.
    #[error("setting {setting}: {reason}")]
    Setting {
        /// The key as written in the settings.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process of this service works in the same spool folder.
    #[error("the spool {0} is in use by another process")]
    SpoolTaken(PathBuf),
    /// A finished video becomes a hard link to its spool file, which needs one file system.
    #[error("the spool {spool} and the videos {videos} must be on one file system")]
    Apart {
        /// The spool folder.
        spool: PathBuf,
        /// The folder of the store.
        videos: PathBuf,
        /// Why the hard link failed.
        source: io::Error,
    },
    /// No room (`ENOSPC`, `EDQUOT`, S3's 507). Nothing that was acknowledged is touched.
    #[error("no room left to {doing}")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: Cause,
    },
    /// A file could not be read or written.
    #[error("could not {doing} {path}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A flush failed. The system may have dropped the bytes, and a second flush would report
    /// success (F4): this file must not be trusted, flushed or acknowledged again.
    #[error("{path} could not be made durable")]
    NotDurable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not the ones announced, or not the ones once stored (F10).
    #[error("the bytes of {key} are not the expected ones")]
    Mismatch {
        /// Where they are, or should have gone.
        key: String,
    },
    /// Bytes that should be there are not (F11).
    #[error("{key} is not there")]
    Missing {
        /// Where they should be.
        key: String,
    },
    /// The store gave no useful answer, after all tries. A later try may succeed (F6, F7, F12).
    #[error("the store did not {doing} {key}")]
    Unavailable {
        /// What was asked.
        doing: &'static str,
        /// Of which object.
        key: String,
        /// What came instead of an answer.
        source: Cause,
    },
    /// The store said no, and will say it again: credentials, bucket, policy.
    #[error("the store refuses to {doing} {key}")]
    Refused {
        /// What was asked.
        doing: &'static str,
        /// Of which object.
        key: String,
        /// The store's answer.
        source: Cause,
    },
    /// A test made this place fail.
    #[error(transparent)]
    Fault(#[from] FaultError),
}

impl StorageError {
    /// Whether the same call may succeed later without anybody doing anything to the bytes.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Unavailable { .. } | Self::Fault(_))
    }

    /// Whether trying again at once, a few times, makes sense.
    pub(super) const fn is_hiccup(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// A file operation that failed; a full disk is told apart.
    pub(super) fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { doing, source: source.into() }
            }
            _ => Self::File { doing, path: path.to_owned(), source },
        }
    }

    /// A flush that failed.
    pub(super) fn not_durable(path: &Path, source: io::Error) -> Self {
        Self::NotDurable { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::StorageError;

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_told_apart_from_a_broken_one() {
        let met =
            |code| StorageError::file("write", Path::new("x"), io::Error::from_raw_os_error(code));
        // Linux: ENOSPC, EDQUOT, EIO.
        assert!(matches!(met(28), StorageError::Full { .. }));
        assert!(matches!(met(122), StorageError::Full { .. }));
        assert!(matches!(met(5), StorageError::File { .. }));
    }
}

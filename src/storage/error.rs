//! Errors of the spool and the object store.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::FaultError;

/// Linux and macOS: no free file descriptor in the system, in the process.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A setting has an unusable value.
    #[error("{setting}: {reason}")]
    Setting { setting: &'static str, reason: String },
    #[error("the spool {0} is locked by another process")]
    SpoolLocked(PathBuf),
    /// A finished video becomes a hard link to its spool file, which works only within one file
    /// system.
    #[error("the spool {spool} and the videos {videos} must be on one file system")]
    CrossDevice { spool: PathBuf, videos: PathBuf, source: io::Error },
    /// No space left (`ENOSPC`, `EDQUOT`, S3's 507). Acknowledged bytes are untouched.
    #[error("no space left to {action}")]
    Full { action: &'static str, source: BoxError },
    /// No free file descriptor (`EMFILE`, `ENFILE`).
    #[error("no free file descriptor to {action}")]
    OutOfFiles { action: &'static str, source: BoxError },
    #[error("could not {action} {path}")]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// `fsync` failed. The kernel may have dropped the dirty pages, and a second `fsync` would report
    /// success (F4): this file must not be trusted, flushed or acknowledged again.
    #[error("{path} could not be made durable")]
    NotDurable { path: PathBuf, source: io::Error },
    /// The bytes differ from those announced, or from those once stored.
    #[error("{key} does not have the expected length or hash")]
    Mismatch { key: String },
    #[error("{key} does not exist")]
    Missing { key: String },
    /// All attempts ended without a usable response. A later call may succeed.
    #[error("the store failed to {action} {key}")]
    Unavailable { action: &'static str, key: String, source: BoxError },
    /// The operator can mend it: the keys, a policy, or a clock that is off by minutes, which the response
    /// to a HEAD does not tell apart.
    #[error(
        "the store forbids this service to {action} {key}: its keys are wrong or expired, or lack a \
         permission, or its clock is wrong"
    )]
    Forbidden { action: &'static str, key: String, source: BoxError },
    #[error("the clocks of the store and of this node differ by minutes; synchronize them")]
    Clock { source: BoxError },
    #[error("the bucket does not exist; create it, or correct storage.url")]
    NoBucket { source: BoxError },
    /// The store rejected the request and will reject it again.
    #[error("the store refuses to {action} {key}")]
    Refused { action: &'static str, key: String, source: BoxError },
    /// A failure scripted by a test.
    #[error(transparent)]
    Injected(#[from] FaultError),
}

impl StorageError {
    /// Whether the same call may succeed later with the same bytes.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Full { .. }
                | Self::OutOfFiles { .. }
                | Self::Unavailable { .. }
                | Self::Forbidden { .. }
                | Self::Clock { .. }
                | Self::NoBucket { .. }
                | Self::Injected(_)
        )
    }

    /// Whether stored bytes are gone or damaged.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Mismatch { .. })
    }

    /// Whether the call may be retried immediately.
    pub(super) const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        if is_out_of_files(&source) {
            metrics::counter!("forte_media_out_of_files_total", "operation" => "open").increment(1);
            return Self::OutOfFiles { action, source: source.into() };
        }
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { action, source: source.into() }
            }
            _ => Self::File { action, path: path.to_owned(), source },
        }
    }

    pub(super) fn mismatch(path: &Path) -> Self {
        Self::Mismatch { key: path.display().to_string() }
    }
}

/// Whether the process or the system has no free file descriptor. Libraries wrap the system's error.
fn is_out_of_files(error: &io::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let as_io = error.downcast_ref::<io::Error>();
        if matches!(as_io.and_then(io::Error::raw_os_error), Some(ENFILE | EMFILE)) {
            return true;
        }
        // The source of an I/O error is that of the error in it.
        let inner = as_io.and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

/// Turns an I/O error into a [`StorageError`].
pub(super) trait IoContext<T> {
    /// `action` is what failed, as in "could not read".
    fn context(self, action: &'static str, path: &Path) -> Result<T, StorageError>;

    /// For a failed flush, which must not be retried.
    fn durable(self, path: &Path) -> Result<T, StorageError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, StorageError> {
        self.map_err(|source| StorageError::file(action, path, source))
    }

    fn durable(self, path: &Path) -> Result<T, StorageError> {
        self.map_err(|source| StorageError::NotDurable { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::StorageError;

    #[test]
    fn a_full_disk_and_an_exhausted_quota_differ_from_a_broken_disk() {
        let error =
            |code| StorageError::file("write", Path::new("x"), io::Error::from_raw_os_error(code));
        // Linux: ENOSPC, EDQUOT, EIO.
        assert!(matches!(error(28), StorageError::Full { .. }));
        assert!(matches!(error(122), StorageError::Full { .. }));
        assert!(matches!(error(5), StorageError::File { .. }));
    }

    #[test]
    fn a_lack_of_file_descriptors_is_found_in_wrapped_errors() {
        let error = io::Error::other(io::Error::other(io::Error::from_raw_os_error(24)));
        let error = StorageError::file("open", Path::new("x"), error);
        assert!(matches!(error, StorageError::OutOfFiles { .. }) && error.is_transient());
    }
}

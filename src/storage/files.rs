//! Durable file operations, shared by the spool and the disk back end.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{IoContext as _, StorageError};
use crate::model::Digest;

/// Only the user of the service may read what people filmed, whatever the umask.
pub(super) const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// The number of bytes of a file that are in memory at a time.
pub(super) const CHUNK: usize = 256 * 1024;

/// Runs blocking file work off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::from).context("run", Path::new("a blocking file operation"))?
}

/// `None` if the file or folder does not exist.
pub(super) fn if_exists<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Opens a file; one that does not exist is [`StorageError::Missing`].
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<File, StorageError> {
    let file = if_exists(options.open(path)).context("open", path)?;
    file.ok_or_else(|| StorageError::Missing { key: path.display().to_string() })
}

/// Flushes a folder: without it a new entry can be lost in a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    File::open(folder).context("open", folder)?.sync_all().durable(folder)
}

/// Creates a folder and its missing parents, durably.
pub(super) fn create_folder(folder: &Path) -> Result<(), StorageError> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_folder(parent)?;
    match DirBuilder::new().mode(PRIVATE_FOLDER).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(StorageError::file("create", folder, e))
        }
        _ => sync_folder(parent),
    }
}

/// The names in a folder, sorted, without those that are not UTF-8. A folder that does not exist is
/// empty.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let Some(entries) = if_exists(fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Passes a range of a file to `consume` in chunks.
///
/// # Errors
/// [`StorageError::Mismatch`] when the file ends early, or the range has another hash than `digest`.
pub(super) fn read_verified(
    file: &File,
    path: &Path,
    range: Range<u64>,
    digest: Digest,
    mut consume: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).map_or(CHUNK, |left| left.min(CHUNK));
        let chunk = &mut buffer[..length];
        match file.read_exact_at(chunk, at) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(StorageError::mismatch(path));
            }
            read => read.context("read", path)?,
        }
        hash.update(&*chunk);
        consume(at, chunk)?;
        at += length as u64;
    }
    let matches = Digest::new(hash.finalize().into()) == digest;
    if matches { Ok(()) } else { Err(StorageError::mismatch(path)) }
}

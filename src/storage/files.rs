//! Durable file operations, shared by the spool and the disk back end.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::StorageError;
use crate::model::Digest;

/// How many bytes of a file are in memory at a time.
pub(super) const CHUNK: usize = 256 * 1024;

/// Runs blocking file work off the async threads.
pub(super) async fn blocking<T, W>(work: W) -> Result<T, StorageError>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, StorageError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StorageError::file("work on", Path::new("a file"), error.into())),
    }
}

/// Flushes a folder: without it a new entry can be lost in a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    let opened = File::open(folder).map_err(|e| StorageError::file("open", folder, e))?;
    opened.sync_all().map_err(|e| StorageError::not_durable(folder, e))
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
    match fs::create_dir(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(StorageError::file("create", folder, e))
        }
        _ => sync_folder(parent),
    }
}

/// The names in a folder, sorted, without those that are not UTF-8. A folder that does not exist is
/// empty.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Succeeds if the file was removed now or by another caller before.
pub(super) fn ignore_not_found(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Passes a range of a file to `consume` in chunks, and returns its SHA-256. A file that ends early
/// fails with [`io::ErrorKind::UnexpectedEof`].
pub(super) fn read_hashed(
    file: &File,
    range: Range<u64>,
    mut consume: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).map_or(CHUNK, |left| left.min(CHUNK));
        let chunk = &mut buffer[..length];
        file.read_exact_at(chunk, at)?;
        hash.update(&*chunk);
        consume(at, chunk)?;
        at += length as u64;
    }
    Ok(Digest::new(hash.finalize().into()))
}

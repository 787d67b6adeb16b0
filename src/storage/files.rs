//! Small pieces of careful file handling, shared by the spool and the disk back end.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::StorageError;
use crate::model::Digest;

/// How much of a file is in memory at a time.
pub(super) const PIECE: usize = 256 * 1024;

/// Runs blocking file work off the async threads.
pub(super) async fn blocking<T, W>(work: W) -> Result<T, StorageError>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, StorageError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => Err(StorageError::file("work on", Path::new("a file"), ended.into())),
    }
}

/// Makes a folder's entries durable: a new name is lost in a power cut otherwise.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    let opened = File::open(folder).map_err(|e| StorageError::file("open", folder, e))?;
    opened.sync_all().map_err(|e| StorageError::not_durable(folder, e))
}

/// Makes a folder and its missing parents, durably.
pub(super) fn make_folder(folder: &Path) -> Result<(), StorageError> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_folder(parent)?;
    match fs::create_dir(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(StorageError::file("make", folder, e))
        }
        _ => sync_folder(parent),
    }
}

/// Hands a range of a file to `take`, piece by piece, and tells the SHA-256 of what it had.
/// A file that ends early fails with [`io::ErrorKind::UnexpectedEof`].
pub(super) fn read_hashed(
    file: &File,
    range: Range<u64>,
    mut take: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut at = range.start;
    while at < range.end {
        let wanted = usize::try_from(range.end - at).map_or(PIECE, |left| left.min(PIECE));
        let piece = &mut buffer[..wanted];
        file.read_exact_at(piece, at)?;
        hash.update(&*piece);
        take(at, piece)?;
        at += wanted as u64;
    }
    Ok(Digest::new(hash.finalize().into()))
}

//! One file of the spool: the bytes of one open upload.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::files::{PIECE, blocking, sync_folder};
use super::spool::TEMPORARY;
use super::{Spool, StorageError};
use crate::model::Offset;

/// The bytes of one open upload on this node.
///
/// A failed flush spoils it for good (F4), and so does a call that is dropped before it has ended:
/// every later call fails too.
pub struct SpoolFile {
    spool: Spool,
    path: PathBuf,
    file: Arc<File>,
    /// Bytes that were appended; what lies behind them in the file does not count.
    length: u64,
    /// Whether the file's name has been flushed.
    named: bool,
    spoiled: bool,
}

/// Writes at given places, from any thread. For segments that are fetched side by side.
#[derive(Clone)]
pub(super) struct Writer {
    file: Arc<File>,
    path: PathBuf,
}

/// Reads at given places. Blocks.
pub struct SpoolReader {
    file: Arc<File>,
    path: PathBuf,
}

impl SpoolReader {
    /// Reads a range in place of what `into` holds.
    ///
    /// # Errors
    /// When the range goes past the end, or file errors.
    pub fn read(&self, range: Range<u64>, into: &mut Vec<u8>) -> Result<(), StorageError> {
        let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        into.resize(wanted, 0);
        let read = self.file.read_exact_at(into, range.start);
        read.map_err(|e| StorageError::file("read", &self.path, e))
    }
}

impl Writer {
    pub(super) fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl SpoolFile {
    pub(super) fn new(spool: Spool, path: PathBuf, file: File) -> Self {
        Self { spool, path, file: Arc::new(file), length: 0, named: false, spoiled: false }
    }

    pub(super) fn writer(&self) -> Writer {
        Writer { file: Arc::clone(&self.file), path: self.path.clone() }
    }

    /// How many bytes it holds.
    #[must_use]
    pub const fn length(&self) -> Offset {
        Offset::new(self.length)
    }

    /// Where it is, for the store to read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the pieces, all or none. Up to 256 KiB are written at once, more off the async
    /// threads. Not durable before [`SpoolFile::sync`].
    ///
    /// # Errors
    /// [`StorageError::Full`] when there is no room; otherwise file errors.
    pub async fn append(&mut self, pieces: &[Bytes]) -> Result<(), StorageError> {
        self.usable()?;
        self.spool.faults().pass("storage.spool.write")?;
        self.room()?;
        let total: usize = pieces.iter().map(Bytes::len).sum();
        if total <= PIECE {
            write_pieces(&self.file, self.length, pieces)
                .map_err(|e| StorageError::file("write", &self.path, e))?;
        } else {
            self.append_aside(pieces.to_vec()).await?;
        }
        self.length += total as u64;
        Ok(())
    }

    async fn append_aside(&mut self, pieces: Vec<Bytes>) -> Result<(), StorageError> {
        let (file, at, path) = (Arc::clone(&self.file), self.length, self.path.clone());
        // If we are dropped midway the writing goes on: nobody else may write until it has ended.
        self.spoiled = true;
        let write = move || write_pieces(&file, at, &pieces);
        let written = blocking(move || write().map_err(|e| StorageError::file("write", &path, e)));
        let written = written.await;
        self.spoiled = false;
        written
    }

    /// Makes everything appended so far durable, and the file's name the first time.
    ///
    /// # Errors
    /// [`StorageError::NotDurable`]: the bytes must not be acknowledged, now or later.
    pub async fn sync(&mut self) -> Result<(), StorageError> {
        self.usable()?;
        // Until the flush has succeeded the file counts as spoiled: also if we are dropped midway.
        self.spoiled = true;
        self.flush_fault()?;
        let (file, path, named) = (Arc::clone(&self.file), self.path.clone(), self.named);
        let folder = self.spool.folder().to_owned();
        blocking(move || {
            file.sync_data().map_err(|e| StorageError::not_durable(&path, e))?;
            if named { Ok(()) } else { sync_folder(&folder) }
        })
        .await?;
        (self.named, self.spoiled) = (true, false);
        Ok(())
    }

    /// Reads a range.
    ///
    /// # Errors
    /// When the range goes past the end, or file errors.
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
        self.usable()?;
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking(move || {
            let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
            let mut bytes = vec![0; wanted];
            let read = file.read_exact_at(&mut bytes, range.start);
            read.map_err(|e| StorageError::file("read", &path, e))?;
            Ok(bytes)
        })
        .await
    }

    /// Does a piece of work off the async threads that reads here and there.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn look_up<T, F>(&self, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&SpoolReader) -> Result<T, StorageError> + Send + 'static,
    {
        self.usable()?;
        let reader = SpoolReader { file: Arc::clone(&self.file), path: self.path.clone() };
        blocking(move || work(&reader)).await
    }

    /// Cuts the file: what lies behind `to` is dropped, and the next byte goes there. Also takes
    /// over what was fetched into it.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when it is shorter than that; otherwise file errors.
    pub async fn truncate(&mut self, to: Offset) -> Result<(), StorageError> {
        self.usable()?;
        let (file, path, folder) =
            (Arc::clone(&self.file), self.path.clone(), self.spool.folder().to_owned());
        // A cut that went on after we were dropped could take bytes appended later.
        self.spoiled = true;
        let cut = blocking(move || cut(file, &path, &folder, to.get())).await;
        self.spoiled = false;
        self.file = cut?;
        self.length = to.get();
        Ok(())
    }

    /// Removes the file.
    ///
    /// # Errors
    /// File errors.
    pub fn remove(self) -> Result<(), StorageError> {
        fs::remove_file(&self.path).map_err(|e| StorageError::file("remove", &self.path, e))
    }

    fn usable(&self) -> Result<(), StorageError> {
        if self.spoiled {
            let cause = io::Error::other("an earlier call failed or was dropped");
            return Err(StorageError::not_durable(&self.path, cause));
        }
        Ok(())
    }

    fn room(&self) -> Result<(), StorageError> {
        let full = |fault| StorageError::Full { doing: "write", source: Box::new(fault) };
        self.spool.faults().pass("storage.spool.full").map_err(full)
    }

    fn flush_fault(&self) -> Result<(), StorageError> {
        let failed = |fault| StorageError::not_durable(&self.path, io::Error::other(fault));
        self.spool.faults().pass("storage.spool.sync").map_err(failed)
    }
}

/// Writes at `at`, whatever lies there. One call a piece: bodies come one piece at a time.
fn write_pieces(file: &File, mut at: u64, pieces: &[Bytes]) -> io::Result<()> {
    for piece in pieces {
        file.write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

fn cut(file: Arc<File>, path: &Path, folder: &Path, to: u64) -> Result<Arc<File>, StorageError> {
    let failed = |e| StorageError::file("cut", path, e);
    let about = file.metadata().map_err(failed)?;
    if about.len() < to {
        return Err(StorageError::Missing {
            key: format!("{} from byte {}", path.display(), about.len()),
        });
    }
    // A second name means that a finish linked it and then failed. Stored bytes never change, so
    // the upload goes on with a copy.
    if about.nlink() > 1 {
        return copy(&file, path, folder, to).map(Arc::new);
    }
    file.set_len(to).map_err(failed)?;
    Ok(file)
}

fn copy(file: &File, path: &Path, folder: &Path, length: u64) -> Result<File, StorageError> {
    let copied = || -> io::Result<NamedTempFile> {
        let mut copy = NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
        let mut source = file;
        source.rewind()?;
        io::copy(&mut source.take(length), &mut copy)?;
        Ok(copy)
    };
    let failed = |e| StorageError::file("copy", path, e);
    let copy = copied().map_err(failed)?;
    copy.as_file().sync_all().map_err(|e| StorageError::not_durable(path, e))?;
    copy.persist(path).map_err(|e| failed(e.error))?;
    sync_folder(folder)?;
    OpenOptions::new().read(true).write(true).open(path).map_err(failed)
}

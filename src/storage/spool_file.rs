//! One file of the spool: the bytes of one open upload.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::error::StorageError;
use super::files::{CHUNK, blocking, sync_folder};
use super::spool::{Spool, TEMPORARY};
use crate::model::{Offset, UploadId};

/// The bytes of one open upload on this node.
///
/// A failed `fsync` poisons it permanently (F4), and so does dropping the future of a call before it
/// has ended: every later call fails.
pub struct SpoolFile {
    spool: Spool,
    path: PathBuf,
    file: Arc<File>,
    /// Appended bytes; what follows them in the file does not count.
    length: u64,
    /// Whether the file's directory entry has been flushed.
    entry_synced: bool,
    poisoned: bool,
}

/// Positioned writes from any thread, for segments that are fetched concurrently.
#[derive(Clone)]
pub(super) struct SpoolWriter {
    file: Arc<File>,
    path: PathBuf,
}

/// Positioned, blocking reads.
pub struct SpoolReader {
    file: Arc<File>,
    path: PathBuf,
}

impl SpoolReader {
    /// Replaces the contents of `buffer` with a range of the file.
    pub fn read(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<(), StorageError> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        buffer.resize(length, 0);
        let read = self.file.read_exact_at(buffer, range.start);
        read.map_err(|e| StorageError::file("read", &self.path, e))
    }
}

impl SpoolWriter {
    pub(super) fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Spool {
    /// Creates the file of a new upload, replacing an existing one.
    pub fn create(&self, upload: UploadId) -> Result<SpoolFile, StorageError> {
        self.faults().pass("storage.spool.create")?;
        self.remove(upload)?;
        let path = self.path(upload);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|e| StorageError::file("create", &path, e))?;
        Ok(SpoolFile::new(self.clone(), path, file))
    }

    /// Opens the file of an upload and truncates it to the acknowledged offset.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the file does not exist or is shorter than `to`.
    pub async fn reopen(&self, upload: UploadId, to: Offset) -> Result<SpoolFile, StorageError> {
        let path = self.path(upload);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|e| StorageError::open(&path, e))?;
        let mut file = SpoolFile::new(self.clone(), path, file);
        file.truncate(to).await?;
        Ok(file)
    }
}

impl SpoolFile {
    fn new(spool: Spool, path: PathBuf, file: File) -> Self {
        let (entry_synced, poisoned) = (false, false);
        Self { spool, path, file: Arc::new(file), length: 0, entry_synced, poisoned }
    }

    pub(super) fn writer(&self) -> SpoolWriter {
        SpoolWriter { file: Arc::clone(&self.file), path: self.path.clone() }
    }

    pub const fn length(&self) -> Offset {
        Offset::new(self.length)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends all chunks or none. Up to 256 KiB are written on the calling thread, more on a blocking
    /// thread. Durable only after [`SpoolFile::sync`].
    ///
    /// # Errors
    /// [`StorageError::Full`] when there is no space left.
    pub async fn append(&mut self, chunks: &[Bytes]) -> Result<(), StorageError> {
        self.check_poison()?;
        self.spool.faults().pass("storage.spool.write")?;
        let full = |fault| StorageError::Full { action: "write", source: Box::new(fault) };
        self.spool.faults().pass("storage.spool.full").map_err(full)?;
        let total: usize = chunks.iter().map(Bytes::len).sum();
        if total <= CHUNK {
            write_chunks(&self.file, self.length, chunks)
                .map_err(|e| StorageError::file("write", &self.path, e))?;
        } else {
            self.append_blocking(chunks.to_vec()).await?;
        }
        self.length += total as u64;
        Ok(())
    }

    async fn append_blocking(&mut self, chunks: Vec<Bytes>) -> Result<(), StorageError> {
        let (file, at, path) = (Arc::clone(&self.file), self.length, self.path.clone());
        // The blocking write continues if this future is dropped, so nothing may be written after it.
        self.poisoned = true;
        let write = move || write_chunks(&file, at, &chunks);
        let written = blocking(move || write().map_err(|e| StorageError::file("write", &path, e)));
        let written = written.await;
        self.poisoned = false;
        written
    }

    /// Makes all appended bytes durable, and the file's directory entry the first time.
    ///
    /// # Errors
    /// [`StorageError::NotDurable`]: the bytes must never be acknowledged.
    pub async fn sync(&mut self) -> Result<(), StorageError> {
        self.check_poison()?;
        // Poisoned until the flush has succeeded, also if this future is dropped.
        self.poisoned = true;
        let failed = |fault| StorageError::not_durable(&self.path, io::Error::other(fault));
        self.spool.faults().pass("storage.spool.sync").map_err(failed)?;
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let (folder, entry_synced) = (self.spool.folder().to_owned(), self.entry_synced);
        blocking(move || {
            file.sync_data().map_err(|e| StorageError::not_durable(&path, e))?;
            if entry_synced { Ok(()) } else { sync_folder(&folder) }
        })
        .await?;
        (self.entry_synced, self.poisoned) = (true, false);
        Ok(())
    }

    /// Reads a range; one that goes past the end is an error.
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
        self.with_reader(move |reader| {
            let mut bytes = Vec::new();
            reader.read(range, &mut bytes)?;
            Ok(bytes)
        })
        .await
    }

    /// Runs `work` on a blocking thread with random access to the file.
    pub async fn with_reader<T, F>(&self, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&SpoolReader) -> Result<T, StorageError> + Send + 'static,
    {
        self.check_poison()?;
        let reader = SpoolReader { file: Arc::clone(&self.file), path: self.path.clone() };
        blocking(move || work(&reader)).await
    }

    /// Sets the length to `to`: bytes behind it are dropped, and bytes that were fetched in front of it
    /// now count.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the file is shorter than `to`.
    pub async fn truncate(&mut self, to: Offset) -> Result<(), StorageError> {
        self.check_poison()?;
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let folder = self.spool.folder().to_owned();
        // The blocking truncation continues if this future is dropped, and could take later bytes.
        self.poisoned = true;
        let truncated = blocking(move || truncate(file, &path, &folder, to.get())).await;
        self.poisoned = false;
        self.file = truncated?;
        self.length = to.get();
        Ok(())
    }

    /// Deletes the file.
    pub fn remove(self) -> Result<(), StorageError> {
        fs::remove_file(&self.path).map_err(|e| StorageError::file("remove", &self.path, e))
    }

    fn check_poison(&self) -> Result<(), StorageError> {
        if self.poisoned {
            let cause = io::Error::other("an earlier call failed or was dropped");
            return Err(StorageError::not_durable(&self.path, cause));
        }
        Ok(())
    }
}

fn write_chunks(file: &File, mut at: u64, chunks: &[Bytes]) -> io::Result<()> {
    for chunk in chunks {
        file.write_all_at(chunk, at)?;
        at += chunk.len() as u64;
    }
    Ok(())
}

fn truncate(
    file: Arc<File>,
    path: &Path,
    folder: &Path,
    to: u64,
) -> Result<Arc<File>, StorageError> {
    let failed = |e| StorageError::file("truncate", path, e);
    let metadata = file.metadata().map_err(failed)?;
    if metadata.len() < to {
        let key = format!("{} from byte {}", path.display(), metadata.len());
        return Err(StorageError::Missing { key });
    }
    // A second hard link means that a finish stored the video and then failed. Stored bytes never
    // change, so the upload continues with a copy.
    if metadata.nlink() > 1 {
        return copy(&file, path, folder, to).map(Arc::new);
    }
    file.set_len(to).map_err(failed)?;
    Ok(file)
}

/// Replaces the file at `path` with a copy of its first `length` bytes.
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

//! One file of the spool: the bytes of one open upload.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::error::{IoContext as _, StorageError};
use super::files::{CHUNK, PRIVATE_FILE, blocking, if_exists, open, sync_folder};
use super::spool::{Spool, TEMPORARY};
use crate::model::{Offset, UploadId};

/// The bytes of one open upload on this node.
///
/// A failed `fsync` poisons the file (F4), and so does dropping the future of a call before it has
/// finished. Every later call on a poisoned file fails.
pub struct SpoolFile {
    spool: Spool,
    handle: SpoolHandle,
    /// The number of appended bytes. Bytes after them in the file do not count.
    length: u64,
    /// Whether the file's directory entry has been flushed.
    entry_synced: bool,
    poisoned: bool,
}

/// Positioned, blocking reads and writes from any thread.
#[derive(Clone)]
pub struct SpoolHandle {
    file: Arc<File>,
    path: PathBuf,
}

impl SpoolHandle {
    /// Replaces the contents of `buffer` with a range of the file.
    pub fn read(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<(), StorageError> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        buffer.resize(length, 0);
        self.file.read_exact_at(buffer, range.start).context("read", &self.path)
    }

    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write_all_at(bytes, at).context("write", &self.path)
    }

    fn write_chunks(&self, mut at: u64, chunks: &[Bytes]) -> Result<(), StorageError> {
        for chunk in chunks {
            self.write(at, chunk)?;
            at += chunk.len() as u64;
        }
        Ok(())
    }

    /// Truncates the file, or returns a truncated copy that replaces it.
    fn truncate(mut self, folder: &Path, to: u64) -> Result<Self, StorageError> {
        let metadata = self.file.metadata().context("truncate", &self.path)?;
        if metadata.len() < to {
            let key = format!("{} from byte {}", self.path.display(), metadata.len());
            return Err(StorageError::Missing { key });
        }
        // A second hard link means that a finish stored the video and then failed. Stored bytes never
        // change, so the upload continues with a copy.
        if metadata.nlink() > 1 {
            self.file = Arc::new(copy(&self.file, &self.path, folder, to)?);
            return Ok(self);
        }
        self.file.set_len(to).context("truncate", &self.path)?;
        Ok(self)
    }
}

impl Spool {
    /// Creates the file of a new upload, replacing an existing one.
    pub fn create(&self, upload: UploadId) -> Result<SpoolFile, StorageError> {
        self.faults().pass("storage.spool.create")?;
        self.remove(upload)?;
        let path = self.path(upload);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(PRIVATE_FILE);
        let file = options.open(&path);
        let file = file.context("create", &path)?;
        Ok(SpoolFile::new(self.clone(), path, file))
    }

    /// Opens the file of an upload with what is in it, or creates it. Nothing in it counts yet.
    pub fn open_or_create(&self, upload: UploadId) -> Result<SpoolFile, StorageError> {
        let path = self.path(upload);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        match if_exists(file).context("open", &path)? {
            // A second hard link is a stored video, which never changes.
            Some(file) if file.metadata().context("read", &path)?.nlink() == 1 => {
                Ok(SpoolFile::new(self.clone(), path, file))
            }
            _ => self.create(upload),
        }
    }

    /// Opens the file of an upload and truncates it to the acknowledged offset.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the file does not exist or is shorter than `to`.
    pub async fn reopen(&self, upload: UploadId, to: Offset) -> Result<SpoolFile, StorageError> {
        let path = self.path(upload);
        let file = open(&path, OpenOptions::new().read(true).write(true))?;
        let mut file = SpoolFile::new(self.clone(), path, file);
        file.truncate(to).await?;
        Ok(file)
    }
}

impl SpoolFile {
    fn new(spool: Spool, path: PathBuf, file: File) -> Self {
        let handle = SpoolHandle { file: Arc::new(file), path };
        Self { spool, handle, length: 0, entry_synced: false, poisoned: false }
    }

    /// For segments that are fetched concurrently.
    pub(super) fn handle(&self) -> SpoolHandle {
        self.handle.clone()
    }

    pub const fn length(&self) -> Offset {
        Offset::new(self.length)
    }

    pub fn path(&self) -> &Path {
        &self.handle.path
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
            self.handle.write_chunks(self.length, chunks)?;
        } else {
            self.append_blocking(chunks.to_vec()).await?;
        }
        self.length += total as u64;
        Ok(())
    }

    async fn append_blocking(&mut self, chunks: Vec<Bytes>) -> Result<(), StorageError> {
        let (handle, at) = (self.handle(), self.length);
        // The blocking write continues if this future is dropped, so nothing may be written after it.
        self.poisoned = true;
        let written = blocking(move || handle.write_chunks(at, &chunks)).await;
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
        let fault = self.spool.faults().pass("storage.spool.sync");
        fault.map_err(io::Error::other).durable(self.path())?;
        let handle = self.handle();
        let (folder, entry_synced) = (self.spool.folder().to_owned(), self.entry_synced);
        blocking(move || {
            handle.file.sync_data().durable(&handle.path)?;
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
    pub async fn with_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SpoolHandle) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.check_poison()?;
        let handle = self.handle();
        blocking(move || work(&handle)).await
    }

    /// Sets the length to `to`: removes the bytes after it, or includes bytes that were fetched after
    /// the previous end.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the file is shorter than `to`.
    pub async fn truncate(&mut self, to: Offset) -> Result<(), StorageError> {
        self.check_poison()?;
        let (handle, folder) = (self.handle(), self.spool.folder().to_owned());
        // The blocking truncation continues if this future is dropped, and could remove bytes that are
        // written later.
        self.poisoned = true;
        let truncated = blocking(move || handle.truncate(&folder, to.get())).await;
        self.poisoned = false;
        self.handle = truncated?;
        self.length = to.get();
        Ok(())
    }

    /// Deletes the file.
    pub fn remove(self) -> Result<(), StorageError> {
        fs::remove_file(self.path()).context("remove", self.path())
    }

    fn check_poison(&self) -> Result<(), StorageError> {
        if self.poisoned {
            let error = io::Error::other("an earlier call failed or was dropped");
            return Err(error).durable(self.path());
        }
        Ok(())
    }
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
    let copy = copied().context("copy", path)?;
    copy.as_file().sync_all().durable(path)?;
    let file = copy.persist(path).map_err(|e| e.error).context("copy", path)?;
    sync_folder(folder)?;
    Ok(file)
}

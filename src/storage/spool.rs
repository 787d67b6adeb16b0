//! The spool: this node's folder of open uploads, one file each, named by the upload's id.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::error::{IoContext as _, StorageError};
use super::files::{CHUNK, PRIVATE_FILE, blocking, create_folder, if_exists, names, sync_folder};
use crate::model::{Faults, NodeId, UploadId};

/// The file that is locked while a process works in the folder.
const LOCK_FILE: &str = "lock";
/// The file with the id of the folder.
const ID_FILE: &str = "id";
/// Prefix of files that exist only during one call. Those of a killed process are removed at start.
pub(super) const TEMPORARY: &str = ".tmp-";

/// This node's spool folder. Cheap to clone; dropping the last clone unlocks the folder.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    id: NodeId,
    faults: Faults,
    /// Closing the file releases the lock.
    _lock: File,
}

impl Spool {
    /// Opens or creates the folder and locks it. `new_id` becomes the folder's id if it has none.
    ///
    /// # Errors
    /// [`StorageError::SpoolLocked`] when another process works in it.
    pub fn open(folder: &Path, new_id: NodeId, faults: Faults) -> Result<Self, StorageError> {
        create_folder(folder)?;
        let lock = lock(folder)?;
        remove_temporary_files(folder)?;
        let id = read_or_write_id(folder, new_id)?;
        Ok(Self(Arc::new(Inner { folder: folder.to_owned(), id, faults, _lock: lock })))
    }

    /// The id of this folder: it survives restarts, and changes when the disk is replaced.
    pub fn id(&self) -> NodeId {
        self.0.id
    }

    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The uploads that have a file here, sorted by id.
    pub fn uploads(&self) -> Result<Vec<UploadId>, StorageError> {
        let mut uploads = Vec::new();
        for name in names(self.folder()).context("list", self.folder())? {
            uploads.extend(name.parse::<UploadId>());
        }
        uploads.sort_unstable();
        Ok(uploads)
    }

    /// Removes the file of an upload, if there is one.
    pub fn remove(&self, upload: UploadId) -> Result<(), StorageError> {
        let path = self.path(upload);
        if_exists(fs::remove_file(&path)).context("remove", &path).map(drop)
    }

    /// Checks that bytes can be written.
    pub async fn probe(&self) -> Result<(), StorageError> {
        let folder = self.folder().to_owned();
        blocking(move || {
            let write =
                || NamedTempFile::with_prefix_in(TEMPORARY, &folder)?.write_all(&vec![0; CHUNK]);
            write().context("write to", &folder)
        })
        .await
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(super) fn path(&self, upload: UploadId) -> PathBuf {
        self.folder().join(upload.to_string())
    }
}

fn lock(folder: &Path) -> Result<File, StorageError> {
    let path = folder.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(PRIVATE_FILE);
    let file = options.open(&path);
    let file = file.context("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::SpoolLocked(folder.to_owned())),
        Err(TryLockError::Error(e)) => Err(StorageError::file("lock", &path, e)),
    }
}

fn remove_temporary_files(folder: &Path) -> Result<(), StorageError> {
    let names = names(folder).context("list", folder)?;
    names.iter().filter(|name| name.starts_with(TEMPORARY)).try_for_each(|name| {
        let path = folder.join(name);
        fs::remove_file(&path).context("remove", &path)
    })
}

fn read_or_write_id(folder: &Path, new_id: NodeId) -> Result<NodeId, StorageError> {
    let path = folder.join(ID_FILE);
    if let Some(text) = if_exists(fs::read_to_string(&path)).context("read", &path)? {
        return text.trim().parse().map_err(|_| StorageError::Setting {
            setting: "upload.spool",
            reason: format!("{} does not contain an id", path.display()),
        });
    }
    write_id(folder, &path, new_id).context("write", &path)?;
    sync_folder(folder)?;
    Ok(new_id)
}

/// Writes a temporary file, flushes and renames it, so that a power cut never leaves half an id.
fn write_id(folder: &Path, path: &Path, id: NodeId) -> io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
    writeln!(file, "{id}")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

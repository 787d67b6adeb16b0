//! The spool: this node's folder of open uploads, one file each, named by the upload's id.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::files::{make_folder, sync_folder};
use super::{SpoolFile, StorageError};
use crate::model::{Faults, NodeId, Offset, UploadId};

/// Locked while a process works in the folder.
const LOCK: &str = "lock";
/// Holds the id of the folder.
const HOME: &str = "home";
/// Files that only live during one call; what a killed process left is swept at start.
pub(super) const TEMPORARY: &str = ".tmp-";

/// This node's spool folder. Cheap to clone; the folder is free again when the last clone is gone.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    home: NodeId,
    faults: Faults,
    /// The lock goes with the file.
    _lock: File,
}

impl Spool {
    /// Opens (or makes) the folder and locks it. `fresh` becomes the folder's id if it has none.
    ///
    /// # Errors
    /// [`StorageError::SpoolTaken`] when another process works in it; otherwise file errors.
    pub fn open(folder: &Path, fresh: NodeId, faults: Faults) -> Result<Self, StorageError> {
        make_folder(folder)?;
        let lock = lock(folder)?;
        sweep(folder)?;
        let home = home(folder, fresh)?;
        Ok(Self(Arc::new(Inner { folder: folder.to_owned(), home, faults, _lock: lock })))
    }

    /// The id of this folder: the same over restarts, another one when the disk was replaced.
    #[must_use]
    pub fn home(&self) -> NodeId {
        self.0.home
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The uploads that have a file here, in order of their ids: for the sweep at start.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn uploads(&self) -> Result<Vec<UploadId>, StorageError> {
        let mut found = Vec::new();
        for name in names(self.folder())? {
            found.extend(name.parse::<UploadId>());
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Makes the file of a new upload; one that is there is emptied.
    ///
    /// # Errors
    /// File errors.
    pub fn create(&self, upload: UploadId) -> Result<SpoolFile, StorageError> {
        self.faults().pass("storage.spool.create")?;
        self.remove(upload)?;
        let path = self.path(upload);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|e| StorageError::file("make", &path, e))?;
        Ok(SpoolFile::new(self.clone(), path, file))
    }

    /// Opens the file of an upload and cuts it to what was acknowledged.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when it is not here or shorter than that; otherwise file errors.
    pub async fn reopen(&self, upload: UploadId, to: Offset) -> Result<SpoolFile, StorageError> {
        let path = self.path(upload);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StorageError::Missing { key: path.display().to_string() });
            }
            opened => opened.map_err(|e| StorageError::file("open", &path, e))?,
        };
        let mut file = SpoolFile::new(self.clone(), path, file);
        file.truncate(to).await?;
        Ok(file)
    }

    /// Removes the file of an upload; none there is fine.
    ///
    /// # Errors
    /// File errors.
    pub fn remove(&self, upload: UploadId) -> Result<(), StorageError> {
        let path = self.path(upload);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(StorageError::file("remove", &path, e))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    fn path(&self, upload: UploadId) -> PathBuf {
        self.folder().join(upload.to_string())
    }
}

fn lock(folder: &Path) -> Result<File, StorageError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| StorageError::file("open", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::SpoolTaken(folder.to_owned())),
        Err(TryLockError::Error(e)) => Err(StorageError::file("lock", &path, e)),
    }
}

fn sweep(folder: &Path) -> Result<(), StorageError> {
    for name in names(folder)?.iter().filter(|name| name.starts_with(TEMPORARY)) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(|e| StorageError::file("remove", &path, e))?;
    }
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>, StorageError> {
    let listed = || -> io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    };
    listed().map_err(|e| StorageError::file("list", folder, e))
}

fn home(folder: &Path, fresh: NodeId) -> Result<NodeId, StorageError> {
    let path = folder.join(HOME);
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| StorageError::Setting {
            setting: "upload.spool",
            reason: format!("{} does not hold an id", path.display()),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            write_home(folder, &path, fresh).map_err(|e| StorageError::file("write", &path, e))?;
            sync_folder(folder)?;
            Ok(fresh)
        }
        Err(e) => Err(StorageError::file("read", &path, e)),
    }
}

/// Written beside, flushed, then named: a power cut never leaves half an id.
fn write_home(folder: &Path, path: &Path, fresh: NodeId) -> io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
    writeln!(file, "{fresh}")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

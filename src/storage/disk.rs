//! The disk back end: a folder with one file per object.
//!
//! A finished video is a hard link to its spool file, so its bytes are written once. An object gets
//! its name only after its bytes are durable, so a name never refers to a partial object.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::error::StorageError;
use super::files::{
    CHUNK, blocking, create_folder, ignore_not_found, names, read_hashed, sync_folder,
};
use super::object::{Depth, Object, PAGE_SIZE, ROOTS, SegmentKey, VideoKey, VideoStream, folders};
use super::spool_file::SpoolWriter;
use crate::model::{Digest, Length, UploadId};

#[derive(Clone)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn open(root: PathBuf) -> Result<Self, StorageError> {
        for folder in ROOTS {
            create_folder(&root.join(folder))?;
        }
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) async fn put_video(
        &self,
        key: &VideoKey,
        source: &Path,
        length: Length,
        digest: Digest,
    ) -> Result<(), StorageError> {
        let (target, source) = (self.path(key), source.to_owned());
        blocking(move || link_durably(&source, &target, length, digest)).await
    }

    pub(super) async fn put_segment(
        &self,
        key: &SegmentKey,
        source: &Path,
        digest: Digest,
    ) -> Result<(), StorageError> {
        let (target, source, key) = (self.path(key), source.to_owned(), *key);
        blocking(move || copy_durably(&source, &target, &key, digest)).await
    }

    pub(super) async fn fetch_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: SpoolWriter,
    ) -> Result<(), StorageError> {
        let (path, key) = (self.path(key), *key);
        blocking(move || {
            let start = key.start.get();
            let copied = read_hashed(&open(&path)?, 0..key.length().get(), |at, chunk| {
                into.write_at(start + at, chunk)
            });
            check_digest(&path, copied, digest)
        })
        .await
    }

    pub(super) async fn open_video(&self, key: &VideoKey) -> Result<(File, Length), StorageError> {
        let path = self.path(key);
        blocking(move || {
            let file = open(&path)?;
            let length = length_of(&file, &path)?;
            Ok((file, length))
        })
        .await
    }

    pub(super) async fn read_video(
        &self,
        key: &VideoKey,
        range: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        let path = self.path(key);
        let Range { start, end } = range;
        let file = blocking(move || {
            let mut file = open(&path)?;
            if length_of(&file, &path)?.get() < end {
                return Err(StorageError::mismatch(&path));
            }
            let seek = file.seek(SeekFrom::Start(start));
            seek.map_err(|e| StorageError::file("read", &path, e))?;
            Ok(file)
        })
        .await?;
        let bytes = tokio::fs::File::from_std(file).take(end.saturating_sub(start));
        Ok(ReaderStream::with_capacity(bytes, CHUNK).boxed())
    }

    pub(super) async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), StorageError> {
        let folders = folders(upload).map(|folder| self.root.join(folder));
        let keep = keep.map(|key| self.path(key));
        blocking(move || folders.iter().try_for_each(|folder| empty(folder, keep.as_deref()))).await
    }

    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let root = self.root.clone();
        blocking(move || {
            tempfile::tempfile_in(&root).map_err(|e| StorageError::file("write to", &root, e))?;
            Ok(())
        })
        .await
    }

    pub(super) async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        let (root, after) = (self.root.clone(), after.to_owned());
        blocking(move || list(&root, &after).map_err(|e| StorageError::file("list", &root, e)))
            .await
    }

    /// Whether the video exists; one with other bytes is an error.
    pub(super) async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<bool, StorageError> {
        let (path, digest) = (self.path(key), key.sha256);
        blocking(move || match depth {
            Depth::Content => contains(&path, length, digest),
            Depth::Metadata => match fs::metadata(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(e) => Err(StorageError::file("read", &path, e)),
                Ok(metadata) if metadata.len() == length.get() => Ok(true),
                Ok(_) => Err(StorageError::mismatch(&path)),
            },
        })
        .await
    }

    fn path(&self, key: &impl ToString) -> PathBuf {
        self.root.join(key.to_string())
    }
}

/// Does not read the bytes again: `digest` was computed while they were written to this file, and a
/// second read would hit the same page cache. Finding bit rot is the task of `fsck`.
fn link_durably(
    source: &Path,
    target: &Path,
    length: Length,
    digest: Digest,
) -> Result<(), StorageError> {
    let folder = create_parent(target)?;
    if !contains(target, length, digest)? {
        let file = open(source)?;
        if length_of(&file, source)? != length {
            return Err(StorageError::mismatch(source));
        }
        file.sync_all().map_err(|e| StorageError::not_durable(source, e))?;
        accept_existing(fs::hard_link(source, target), target, length, digest)?;
    }
    sync_folder(folder)
}

fn copy_durably(
    source: &Path,
    target: &Path,
    key: &SegmentKey,
    digest: Digest,
) -> Result<(), StorageError> {
    let folder = create_parent(target)?;
    if !contains(target, key.length(), digest)? {
        let created = NamedTempFile::new_in(folder);
        let mut copy = created.map_err(|e| StorageError::file("write to", folder, e))?;
        let copied = read_hashed(&open(source)?, key.range(), |_, chunk| copy.write_all(chunk));
        check_digest(source, copied, digest)?;
        copy.as_file().sync_all().map_err(|e| StorageError::not_durable(target, e))?;
        let named = copy.persist_noclobber(target).map(drop).map_err(|e| e.error);
        accept_existing(named, target, key.length(), digest)?;
    }
    sync_folder(folder)
}

/// Creates the folder of an object. Its name is flushed even if the folder existed: the process that
/// created it may have died before flushing.
fn create_parent(target: &Path) -> Result<&Path, StorageError> {
    let folder = target.parent().unwrap_or(target);
    create_folder(folder)?;
    sync_folder(folder.parent().unwrap_or(folder))?;
    Ok(folder)
}

/// Whether the object exists; one with other bytes is an error.
fn contains(target: &Path, length: Length, digest: Digest) -> Result<bool, StorageError> {
    let file = match File::open(target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(|e| StorageError::file("open", target, e))?,
    };
    if length_of(&file, target)? != length {
        return Err(StorageError::mismatch(target));
    }
    check_digest(target, read_hashed(&file, 0..length.get(), |_, _| Ok(())), digest)?;
    Ok(true)
}

/// A concurrent call may have stored the same object first; that is fine if its bytes match.
fn accept_existing(
    named: io::Result<()>,
    target: &Path,
    length: Length,
    digest: Digest,
) -> Result<(), StorageError> {
    match named {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            contains(target, length, digest).map(drop)
        }
        other => other.map_err(|e| StorageError::file("name", target, e)),
    }
}

fn check_digest(path: &Path, read: io::Result<Digest>, digest: Digest) -> Result<(), StorageError> {
    match read {
        Ok(found) if found == digest => Ok(()),
        Ok(_) => Err(StorageError::mismatch(path)),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(StorageError::mismatch(path)),
        Err(e) => Err(StorageError::file("copy", path, e)),
    }
}

fn open(path: &Path) -> Result<File, StorageError> {
    File::open(path).map_err(|e| StorageError::open(path, e))
}

fn length_of(file: &File, path: &Path) -> Result<Length, StorageError> {
    let metadata = file.metadata().map_err(|e| StorageError::file("read", path, e))?;
    Ok(Length::new(metadata.len()))
}

/// Removes the contents of a folder except `keep`, and the folder itself if nothing was kept.
fn empty(folder: &Path, keep: Option<&Path>) -> Result<(), StorageError> {
    let failed = |e| StorageError::file("clear", folder, e);
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    let mut kept = false;
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if keep == Some(&path) {
            kept = true;
        } else {
            ignore_not_found(fs::remove_file(&path)).map_err(failed)?;
        }
    }
    if kept { Ok(()) } else { ignore_not_found(fs::remove_dir(folder)).map_err(failed) }
}

/// The next page after a path, in the order of S3. Folders before it are not opened.
fn list(root: &Path, after: &str) -> io::Result<Vec<Object>> {
    let page = usize::from(PAGE_SIZE);
    let mut found = Vec::new();
    for area in ROOTS {
        for upload in names(&root.join(area))? {
            let folder = format!("{area}/{upload}");
            if folder.as_str() >= after || after.starts_with(&folder) {
                found.extend(objects(root, &folder)?.into_iter().filter(|o| *o.path > *after));
            }
            if found.len() >= page {
                found.truncate(page);
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn objects(root: &Path, folder: &str) -> io::Result<Vec<Object>> {
    let mut found = Vec::new();
    for name in names(&root.join(folder))? {
        let path = format!("{folder}/{name}");
        match fs::metadata(root.join(&path)) {
            // Removed meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            metadata => found.push(Object::new(&path, Length::new(metadata?.len()))),
        }
    }
    Ok(found)
}

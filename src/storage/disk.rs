//! The disk back end: a folder with one file per object.
//!
//! A finished video is a hard link to its spool file, so its bytes are written once. An object gets
//! its name only after its bytes are durable, so a name never refers to a partial object.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::error::{IoContext as _, StorageError};
use super::files::{
    CHUNK, blocking, create_folder, if_exists, names, open, read_verified, sync_folder,
};
use super::object::{
    ALL_FOLDERS, Depth, JournalKey, Object, PAGE_SIZE, PutRequest, SegmentKey, Source,
    UPLOAD_FOLDERS, VideoKey, VideoStream, folders,
};
use super::spool_file::SpoolHandle;
use crate::model::{Digest, Length, UploadId};

#[derive(Clone)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn open(root: PathBuf) -> Result<Self, StorageError> {
        for folder in ALL_FOLDERS {
            create_folder(&root.join(folder))?;
        }
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) async fn put(&self, put: PutRequest) -> Result<(), StorageError> {
        let target = self.root.join(&put.path);
        blocking(move || put_durably(&put, &target)).await
    }

    pub(super) async fn fetch_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: SpoolHandle,
    ) -> Result<(), StorageError> {
        let (path, range) = (self.path(key), key.range());
        blocking(move || {
            let length = range.end.saturating_sub(range.start);
            let write = |at, chunk: &[u8]| into.write(range.start + at, chunk);
            read_verified(&read(&path)?, &path, 0..length, digest, write)
        })
        .await
    }

    /// Whether the segment exists; one with other bytes is an error.
    pub(super) async fn has_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
    ) -> Result<bool, StorageError> {
        let (path, range) = (self.path(key), key.range());
        let length = Length::new(range.end.saturating_sub(range.start));
        blocking(move || contains(&path, length, Some(digest))).await
    }

    pub(super) async fn open_video(&self, key: &VideoKey) -> Result<(File, Length), StorageError> {
        let path = self.path(key);
        blocking(move || {
            let file = read(&path)?;
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
            let mut file = read(&path)?;
            if length_of(&file, &path)?.get() < end {
                return Err(StorageError::mismatch(&path));
            }
            file.seek(SeekFrom::Start(start)).context("read", &path)?;
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
        let empty = move |folder: &PathBuf| empty(folder, keep.as_deref()).context("clear", folder);
        blocking(move || folders.iter().try_for_each(empty)).await
    }

    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let root = self.root.clone();
        blocking(move || tempfile::tempfile_in(&root).context("write to", &root).map(drop)).await
    }

    pub(super) async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        let (root, after) = (self.root.clone(), after.to_owned());
        blocking(move || list(&root, &after).context("list", &root)).await
    }

    /// The first batch of the journal that begins at this turn or later.
    pub(super) async fn journal_from(&self, turn: i64) -> Result<Option<JournalKey>, StorageError> {
        let folder = self.root.join(JournalKey::folder());
        blocking(move || {
            let names = names(&folder).context("list", &folder)?;
            let key =
                |name: &String| JournalKey::from_path(&format!("{}/{name}", JournalKey::folder()));
            Ok(names.iter().filter_map(key).find(|key| key.first >= turn))
        })
        .await
    }

    pub(super) async fn read_journal(&self, key: &JournalKey) -> Result<Bytes, StorageError> {
        let path = self.path(key);
        blocking(move || {
            let mut bytes = Vec::new();
            read(&path)?.read_to_end(&mut bytes).context("read", &path)?;
            Ok(bytes.into())
        })
        .await
    }

    /// Whether the video exists; one with other bytes is an error.
    pub(super) async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<bool, StorageError> {
        let path = self.path(key);
        let digest = (depth == Depth::Content).then_some(key.sha256);
        blocking(move || contains(&path, length, digest)).await
    }

    fn path(&self, key: &impl ToString) -> PathBuf {
        self.root.join(key.to_string())
    }
}

fn put_durably(put: &PutRequest, target: &Path) -> Result<(), StorageError> {
    let folder = create_parent(target)?;
    let (length, digest) = (Length::new(put.length), Some(put.digest));
    if !contains(target, length, digest)? {
        let named = match &put.source {
            Source::File(source) => link(source, put.length, target)?,
            Source::Range(source, range) => copy(target, folder, |write| {
                read_verified(&read(source)?, source, range.clone(), put.digest, write)
            })?,
            Source::Bytes(bytes) => copy(target, folder, |write| write(0, bytes))?,
        };
        match named {
            // A concurrent call has stored the same object; that is fine if its bytes match.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                contains(target, length, digest)?;
            }
            other => other.context("create", target)?,
        }
    }
    sync_folder(folder)
}

/// Does not read the bytes again: `digest` was computed while they were written to this file, and a
/// second read would be served by the same page cache. `fsck` finds bit rot.
fn link(source: &Path, length: u64, target: &Path) -> Result<io::Result<()>, StorageError> {
    let file = read(source)?;
    if length_of(&file, source)?.get() != length {
        return Err(StorageError::mismatch(source));
    }
    file.sync_all().durable(source)?;
    Ok(fs::hard_link(source, target))
}

/// `fill` passes the bytes to a function that writes them, with their positions.
fn copy(
    target: &Path,
    folder: &Path,
    fill: impl FnOnce(
        &mut dyn FnMut(u64, &[u8]) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>,
) -> Result<io::Result<()>, StorageError> {
    let mut copy = NamedTempFile::new_in(folder).context("write to", folder)?;
    fill(&mut |_, chunk| copy.write_all(chunk).context("write to", folder))?;
    copy.as_file().sync_all().durable(target)?;
    Ok(copy.persist_noclobber(target).map(drop).map_err(|e| e.error))
}

/// Creates the folder of an object. Its directory entry is flushed even if the folder existed, because
/// the process that created it may have died before flushing.
fn create_parent(target: &Path) -> Result<&Path, StorageError> {
    let folder = target.parent().unwrap_or(target);
    create_folder(folder)?;
    sync_folder(folder.parent().unwrap_or(folder))?;
    Ok(folder)
}

/// Whether the object exists; one with another length or hash is an error.
fn contains(target: &Path, length: Length, digest: Option<Digest>) -> Result<bool, StorageError> {
    let file = if_exists(File::open(target)).context("open", target)?;
    let Some(file) = file else { return Ok(false) };
    if length_of(&file, target)? != length {
        return Err(StorageError::mismatch(target));
    }
    if let Some(digest) = digest {
        read_verified(&file, target, 0..length.get(), digest, |_, _| Ok(()))?;
    }
    Ok(true)
}

fn read(path: &Path) -> Result<File, StorageError> {
    open(path, OpenOptions::new().read(true))
}

fn length_of(file: &File, path: &Path) -> Result<Length, StorageError> {
    Ok(Length::new(file.metadata().context("read", path)?.len()))
}

/// Removes the contents of a folder except `keep`, and the folder itself if nothing was kept.
fn empty(folder: &Path, keep: Option<&Path>) -> io::Result<()> {
    let Some(entries) = if_exists(fs::read_dir(folder))? else { return Ok(()) };
    let mut kept = false;
    for entry in entries {
        let path = entry?.path();
        if keep == Some(&path) {
            kept = true;
        } else {
            if_exists(fs::remove_file(&path))?;
        }
    }
    if kept { Ok(()) } else { if_exists(fs::remove_dir(folder)).map(drop) }
}

/// The next page after a path, in the order of S3. Folders before it are not opened.
fn list(root: &Path, after: &str) -> io::Result<Vec<Object>> {
    let page = usize::from(PAGE_SIZE);
    let mut found = Vec::new();
    for area in UPLOAD_FOLDERS {
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
        // It may have been removed meanwhile.
        if let Some(metadata) = if_exists(fs::metadata(root.join(&path)))? {
            found.push(Object::new(&path, Length::new(metadata.len())));
        }
    }
    Ok(found)
}

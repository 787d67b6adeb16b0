//! The disk back end: a folder, one file an object.
//!
//! A finished video is a hard link to its spool file, so its bytes are written once. An object has
//! its name only after its bytes are durable, so a name never stands for half an object.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::files::{PIECE, blocking, make_folder, read_hashed, sync_folder};
use super::keys::{AREAS, folders};
use super::listing::{Depth, Object};
use super::spool_file::Writer;
use super::{SegmentKey, StorageError, VideoKey, VideoStream, disk_list};
use crate::model::{Digest, Length, UploadId};

#[derive(Clone)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn open(root: PathBuf) -> Result<Self, StorageError> {
        for area in AREAS {
            make_folder(&root.join(area))?;
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
        into: Writer,
    ) -> Result<(), StorageError> {
        let (path, key) = (self.path(key), *key);
        blocking(move || {
            let file = open(&path)?;
            let start = key.start.get();
            let copied = read_hashed(&file, 0..key.length().get(), |at, piece| {
                into.write_at(start + at, piece)
            });
            expect(&path, copied, digest)
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
        part: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        let path = self.path(key);
        let Range { start, end } = part;
        let file = blocking(move || {
            let mut file = open(&path)?;
            if length_of(&file, &path)?.get() < end {
                return Err(mismatch(&path));
            }
            let sought = file.seek(SeekFrom::Start(start));
            sought.map_err(|e| StorageError::file("read", &path, e))?;
            Ok(file)
        })
        .await?;
        let bytes = tokio::fs::File::from_std(file).take(end.saturating_sub(start));
        Ok(ReaderStream::with_capacity(bytes, PIECE).boxed())
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
        blocking(move || {
            disk_list::list(&root, &after).map_err(|e| StorageError::file("list", &root, e))
        })
        .await
    }

    /// Whether the video is there; with `Deep` every byte is looked at.
    pub(super) async fn holds(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<bool, StorageError> {
        let (path, digest) = (self.path(key), key.sha256);
        blocking(move || match depth {
            Depth::Deep => holds(&path, length, digest),
            Depth::Glance => match fs::metadata(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(e) => Err(StorageError::file("look at", &path, e)),
                Ok(about) if about.len() == length.get() => Ok(true),
                Ok(_) => Err(mismatch(&path)),
            },
        })
        .await
    }

    fn path(&self, key: &impl ToString) -> PathBuf {
        self.root.join(key.to_string())
    }
}

/// The bytes are not read again: `digest` was computed over them on their way into this file, and a
/// second reading would look at the same pages of memory. Looking at the disk is `fsck`'s.
fn link_durably(
    source: &Path,
    target: &Path,
    length: Length,
    digest: Digest,
) -> Result<(), StorageError> {
    let folder = make_home(target)?;
    if !holds(target, length, digest)? {
        let file = open(source)?;
        if length_of(&file, source)? != length {
            return Err(mismatch(source));
        }
        file.sync_all().map_err(|e| StorageError::not_durable(source, e))?;
        settle(fs::hard_link(source, target), target, length, digest)?;
    }
    sync_folder(folder)
}

fn copy_durably(
    source: &Path,
    target: &Path,
    key: &SegmentKey,
    digest: Digest,
) -> Result<(), StorageError> {
    let folder = make_home(target)?;
    let failed = |e| StorageError::file("write to", folder, e);
    if !holds(target, key.length(), digest)? {
        let mut copy = NamedTempFile::new_in(folder).map_err(failed)?;
        let copied = read_hashed(&open(source)?, key.range(), |_, piece| copy.write_all(piece));
        expect(source, copied, digest)?;
        copy.as_file().sync_all().map_err(|e| StorageError::not_durable(target, e))?;
        let named = copy.persist_noclobber(target).map(drop).map_err(|e| e.error);
        settle(named, target, key.length(), digest)?;
    }
    sync_folder(folder)
}

/// Makes the folder of an object. Its own name is flushed even if it was there: whoever made it
/// may have died before doing so.
fn make_home(target: &Path) -> Result<&Path, StorageError> {
    let folder = target.parent().unwrap_or(target);
    make_folder(folder)?;
    sync_folder(folder.parent().unwrap_or(folder))?;
    Ok(folder)
}

/// Whether the object is there already; one with other bytes is an error.
fn holds(target: &Path, length: Length, digest: Digest) -> Result<bool, StorageError> {
    let file = match File::open(target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(|e| StorageError::file("open", target, e))?,
    };
    if length_of(&file, target)? != length {
        return Err(mismatch(target));
    }
    expect(target, read_hashed(&file, 0..length.get(), |_, _| Ok(())), digest)?;
    Ok(true)
}

/// Somebody else may have given the same object its name in the meantime.
fn settle(
    named: io::Result<()>,
    target: &Path,
    length: Length,
    digest: Digest,
) -> Result<(), StorageError> {
    match named {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            holds(target, length, digest).map(drop)
        }
        other => other.map_err(|e| StorageError::file("name", target, e)),
    }
}

/// A copy that was read to its end and has the right hash.
fn expect(path: &Path, read: io::Result<Digest>, digest: Digest) -> Result<(), StorageError> {
    match read {
        Ok(found) if found == digest => Ok(()),
        Ok(_) => Err(mismatch(path)),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(mismatch(path)),
        Err(e) => Err(StorageError::file("copy", path, e)),
    }
}

fn open(path: &Path) -> Result<File, StorageError> {
    File::open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => StorageError::Missing { key: path.display().to_string() },
        _ => StorageError::file("open", path, e),
    })
}

fn length_of(file: &File, path: &Path) -> Result<Length, StorageError> {
    let about = file.metadata().map_err(|e| StorageError::file("read", path, e))?;
    Ok(Length::new(about.len()))
}

fn mismatch(path: &Path) -> StorageError {
    StorageError::Mismatch { key: path.display().to_string() }
}

/// Removes what is in a folder but `keep`, and the folder if that leaves nothing.
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
            gone(fs::remove_file(&path)).map_err(failed)?;
        }
    }
    if kept { Ok(()) } else { gone(fs::remove_dir(folder)).map_err(failed) }
}

/// What somebody else removed meanwhile is removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

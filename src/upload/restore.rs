//! Restoring the spool file of an upload from its segments, after another node has written to it. A segment
//! that the store has lost is put again if this node still has its bytes.

use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};

use crate::database::SegmentRow;
use crate::model::{Digest, Offset};
use crate::storage::{SegmentKey, SpoolFile, StorageError};

use super::dependencies::Dependencies;
use super::error::UploadError;
use super::locks::WriteLease;

/// How much is read at a time when a range of the spool is hashed.
const HASH_CHUNK: u64 = 1024 * 1024;

pub(super) enum Restored {
    Complete(SpoolFile),
    /// The store has lost the segments from this offset on.
    LostFrom(Offset),
}

/// Restores the acknowledged bytes of an upload. What this node's spool has of them is not fetched.
pub(super) async fn restore(
    deps: &Dependencies,
    lease: &WriteLease,
) -> Result<Restored, StorageError> {
    let (upload, end) = (lease.row.id, lease.committed());
    let segments =
        deps.database.segments(upload).await.map_err(|error| StorageError::Unavailable {
            action: "list the segments of",
            key: upload.to_string(),
            source: error.into(),
        })?;
    let joined = contiguous_end(&segments);
    if joined != end {
        return Ok(Restored::LostFrom(joined));
    }
    let mut file = deps.spool.open_or_create(upload)?;
    // In parallel.
    let restored = segments.iter().map(|segment| restore_segment(deps, lease, &file, segment));
    for (restored, segment) in join_all(restored).await.into_iter().zip(&segments) {
        match restored {
            Ok(()) => {}
            Err(error) if error.is_loss() => {
                tracing::error!(%upload, %error, "acknowledged bytes are lost");
                return Ok(Restored::LostFrom(segment.start));
            }
            Err(error) => return Err(error),
        }
    }
    file.truncate(end).await?;
    Ok(Restored::Complete(file))
}

/// The end of the contiguous segments from offset 0.
fn contiguous_end(segments: &[SegmentRow]) -> Offset {
    let joins = |end, segment: &SegmentRow| (segment.start == end).then_some(segment.end);
    let mut end = Offset::START;
    while let Some(next) = segments.iter().find_map(|segment| joins(end, segment)) {
        end = next;
    }
    end
}

async fn restore_segment(
    deps: &Dependencies,
    lease: &WriteLease,
    file: &SpoolFile,
    segment: &SegmentRow,
) -> Result<(), StorageError> {
    let SegmentRow { start, end, fence, sha256 } = *segment;
    let key = SegmentKey { upload: lease.row.id, start, end, fence: fence.unsigned_abs() };
    // A range that is not in the spool cannot be read.
    if !hash_range(file, start, end).await.is_ok_and(|found| found == sha256) {
        return deps.store.fetch_segment(&key, sha256, file).await;
    }
    if let Err(error) = put_if_lost(deps, lease, file, (&key, segment)).await {
        // This node has the bytes, so the upload goes on.
        tracing::warn!(%key, %error, "cannot check whether the store has a segment");
    }
    Ok(())
}

/// Puts a segment that the store has lost again, for other nodes. A damaged object cannot be replaced, so
/// the segment gets a new name.
async fn put_if_lost(
    deps: &Dependencies,
    lease: &WriteLease,
    file: &SpoolFile,
    (key, segment): (&SegmentKey, &SegmentRow),
) -> Result<(), UploadError> {
    let digest = segment.sha256;
    if deps.store.has_segment(key, digest).await? {
        return Ok(());
    }
    let again = SegmentKey { fence: lease.fence.unsigned_abs(), ..*key };
    deps.store.put_segment(&again, file.path(), digest).await?;
    deps.database.rename_segment(key.upload, segment, lease.fence).await?;
    tracing::warn!(%key, %again, "the store has lost a segment; it was put again from the spool");
    Ok(())
}

/// The hash of a range of a spool file.
pub(super) async fn hash_range(
    file: &SpoolFile,
    from: Offset,
    to: Offset,
) -> Result<Digest, StorageError> {
    let mut digest = Sha256::new();
    let mut at = from.get();
    while at < to.get() {
        let next = to.get().min(at + HASH_CHUNK);
        digest.update(file.read(at..next).await?);
        at = next;
    }
    Ok(Digest::new(digest.finalize().into()))
}

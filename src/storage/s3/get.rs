//! Reading objects back.

use std::io;
use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use backon::Retryable as _;
use bytes::Bytes;
use futures_util::stream;
use sha2::{Digest as _, Sha256};

use super::S3;
use super::answer::{Trouble, within};
use crate::model::{Digest, Length};
use crate::storage::listing::Depth;
use crate::storage::spool_file::Writer;
use crate::storage::{SegmentKey, StorageError, VideoKey, VideoStream};

impl S3 {
    /// Fetches a segment to its place in a spool file; succeeds when the bytes are the right ones.
    pub(in crate::storage) async fn fetch(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: &Writer,
    ) -> Result<(), StorageError> {
        let path = key.to_string();
        let _permit = self.permit(&path).await?;
        let attempt = || self.copy(&path, key.start.get(), key.length().get(), into);
        let found = attempt.retry(self.limits.pauses).when(StorageError::is_hiccup).await?;
        if found == digest { Ok(()) } else { Err(StorageError::Mismatch { key: path }) }
    }

    /// Whether the video is there; with `Deep` every byte is looked at.
    pub(in crate::storage) async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<bool, StorageError> {
        let path = key.to_string();
        let there = self.holds(&path, length.get(), key.sha256).await?;
        if there && depth == Depth::Deep {
            let _permit = self.permit(&path).await?;
            let found = self.digest(&path, length.get()).await?;
            return if found == key.sha256 {
                Ok(true)
            } else {
                Err(StorageError::Mismatch { key: path })
            };
        }
        Ok(there)
    }

    /// A part of a video, as it comes. Who reads it slowly holds no place among the transfers.
    pub(in crate::storage) async fn read_video(
        &self,
        key: &VideoKey,
        part: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        let path = key.to_string();
        let last = part.end.saturating_sub(1);
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(&path));
        let request = request.range(format!("bytes={}-{last}", part.start)).send();
        let object = within(self.limits.answer, request).await;
        let body = object.map_err(|trouble| trouble.only_if_named().of("get", &path))?.body;
        Ok(Box::pin(stream::unfold((body, self.limits.answer), next_piece)))
    }

    async fn copy(
        &self,
        path: &str,
        start: u64,
        length: u64,
        into: &Writer,
    ) -> Result<Digest, StorageError> {
        let failed = |e| StorageError::file("write", into.path(), e);
        let write = |at: u64, bytes: &[u8]| into.write_at(start + at, bytes).map_err(failed);
        self.read(path, length, write).await
    }

    /// Reads an object through, only for its hash.
    pub(in crate::storage) async fn digest(
        &self,
        path: &str,
        length: u64,
    ) -> Result<Digest, StorageError> {
        self.read(path, length, |_, _| Ok(())).await
    }

    /// Hands an object to `take` as it comes, and tells its hash.
    async fn read(
        &self,
        path: &str,
        length: u64,
        take: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
    ) -> Result<Digest, StorageError> {
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(path)).send();
        let object = within(self.limits.answer, request).await;
        let body = object.map_err(|trouble| trouble.only_if_named().of("get", path))?.body;
        let reading = read_through(body, path, length, take);
        match tokio::time::timeout(self.limits.for_bytes(length), reading).await {
            Ok(read) => read,
            Err(elapsed) => Err(Trouble::unclear(elapsed).of("get", path)),
        }
    }
}

/// A store that falls silent ends the stream, which the reader knows by its length.
async fn next_piece(
    (mut body, patience): (ByteStream, Duration),
) -> Option<(io::Result<Bytes>, (ByteStream, Duration))> {
    let piece = match tokio::time::timeout(patience, body.next()).await {
        Ok(piece) => piece?.map_err(io::Error::other),
        Err(silent) => Err(silent.into()),
    };
    Some((piece, (body, patience)))
}

async fn read_through(
    mut body: ByteStream,
    path: &str,
    length: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
) -> Result<Digest, StorageError> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|cut| Trouble::unclear(cut).of("get", path))?;
        let end = at + bytes.len() as u64;
        if end > length {
            return Err(StorageError::Mismatch { key: path.to_owned() });
        }
        hash.update(&bytes);
        take(at, &bytes)?;
        at = end;
    }
    Ok(Digest::new(hash.finalize().into()))
}

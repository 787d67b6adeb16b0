//! Reading objects, and signing links to them.

use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use backon::Retryable as _;
use bytes::Bytes;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::client::S3;
use super::failure::{S3Failure, with_timeout};
use crate::model::{Digest, Length};
use crate::storage::disposition::disposition;
use crate::storage::error::{BoxError, StorageError};
use crate::storage::link::Link;
use crate::storage::object::{Depth, JournalKey, SegmentKey, VIDEO_TYPE, VideoKey, VideoStream};
use crate::storage::spool_file::SpoolHandle;

impl S3 {
    /// Copies a segment to its range of a spool file, and verifies its hash.
    pub(in crate::storage) async fn fetch_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: SpoolHandle,
    ) -> Result<(), StorageError> {
        let (path, range) = (key.to_string(), key.range());
        let length = range.end.saturating_sub(range.start);
        let _permit = self.permit(&path).await?;
        let write = |at: u64, bytes: &[u8]| into.write(range.start + at, bytes);
        let attempt = || self.has_digest(&path, length, digest, write);
        if attempt.retry(self.backoff).when(StorageError::is_retryable).await? {
            return Ok(());
        }
        // The store is asked (HEAD) before a loss is reported.
        if !self.contains(&path, length, digest).await? {
            return Err(StorageError::Missing { key: path });
        }
        let damaged = "the stored object is intact, but two downloads returned other bytes";
        Err(S3Failure::unclear(damaged).into_error("get", &path))
    }

    /// Whether the segment exists; one with other bytes is an error.
    pub(in crate::storage) async fn has_segment(
        &self,
        key: &SegmentKey,
        digest: Digest,
    ) -> Result<bool, StorageError> {
        let range = key.range();
        self.contains(&key.to_string(), range.end.saturating_sub(range.start), digest).await
    }

    /// Whether the video exists; one with other bytes is an error.
    pub(in crate::storage) async fn verify(
        &self,
        key: &VideoKey,
        length: Length,
        depth: Depth,
    ) -> Result<bool, StorageError> {
        let path = key.to_string();
        let exists = self.contains(&path, length.get(), key.sha256).await?;
        if exists && depth == Depth::Content {
            let _permit = self.permit(&path).await?;
            if !self.has_digest(&path, length.get(), key.sha256, |_, _| Ok(())).await? {
                return Err(StorageError::Mismatch { key: path });
            }
        }
        Ok(exists)
    }

    pub(in crate::storage) async fn read_journal(
        &self,
        key: &JournalKey,
    ) -> Result<Bytes, StorageError> {
        let path = key.to_string();
        let attempt = || async {
            let body = self.get(&self.client, &path, None).await?;
            match tokio::time::timeout(self.response_timeout, body.collect()).await {
                Ok(Ok(bytes)) => Ok(bytes.into_bytes()),
                Ok(Err(error)) => Err(S3Failure::unclear(error).into_error("get", &path)),
                Err(elapsed) => Err(S3Failure::unclear(elapsed).into_error("get", &path)),
            }
        };
        attempt.retry(self.backoff).when(StorageError::is_retryable).await
    }

    /// Streams a range of a video. Takes no transfer permit, because the reader may be slow.
    pub(in crate::storage) async fn read_video(
        &self,
        key: &VideoKey,
        range: Range<u64>,
    ) -> Result<VideoStream, StorageError> {
        let range = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let body = self.get(&self.client, &key.to_string(), Some(range)).await?;
        Ok(Box::pin(stream::unfold((body, self.response_timeout), next_chunk)))
    }

    /// Whether the object has this hash. If it seems to be missing or to have another one, it is read
    /// again, over another connection: something between may have changed a byte.
    pub(super) async fn has_digest(
        &self,
        path: &str,
        length: u64,
        expected: Digest,
        consume: impl Fn(u64, &[u8]) -> Result<(), StorageError> + Sync,
    ) -> Result<bool, StorageError> {
        match self.read(&self.client, path, length, &consume).await {
            Ok(found) if found == expected => return Ok(true),
            Err(error) if !error.is_loss() => return Err(error),
            _ => tracing::warn!(path, "other bytes than expected were read; reading them again"),
        }
        match self.read(&self.second_client, path, length, &consume).await {
            Ok(found) => Ok(found == expected),
            Err(error) if error.is_loss() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Passes an object to `consume` in chunks, and returns its hash.
    async fn read(
        &self,
        client: &Client,
        path: &str,
        length: u64,
        consume: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
    ) -> Result<Digest, StorageError> {
        let body = self.get(client, path, None).await?;
        let reading = read_hashed(body, path, length, consume);
        match tokio::time::timeout(self.timeout(length), reading).await {
            Ok(read) => read,
            Err(elapsed) => Err(S3Failure::unclear(elapsed).into_error("get", path)),
        }
    }

    async fn get(
        &self,
        client: &Client,
        path: &str,
        range: Option<String>,
    ) -> Result<ByteStream, StorageError> {
        let request = client.get_object().bucket(&self.bucket).key(self.name(path));
        let request = request.set_range(range).send();
        let response = with_timeout(self.response_timeout, request).await;
        Ok(response
            .map_err(|failure| failure.unclear_unless_confirmed().into_error("get", path))?
            .body)
    }

    /// A presigned GET of one object at the endpoint that browsers see, with our own content type and
    /// file name. Signing needs no request to the store. Expires with its keys, if they end earlier.
    pub(in crate::storage) async fn link(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<Link, StorageError> {
        let signed = self.presign(key, ttl, filename, now).await;
        let (url, keys_expire_at) = signed.map_err(|source| StorageError::Forbidden {
            action: "sign a link to",
            key: key.to_string(),
            source,
        })?;
        let expires_at = keys_expire_at.map_or(now + ttl, |expiry| expiry.min(now + ttl));
        Ok(Link { url, expires_at })
    }

    async fn presign(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<(String, Option<Timestamp>), BoxError> {
        // Signing takes these keys, or newer ones.
        let keys = self.link_credentials.until(now + ttl).await?;
        let config = PresigningConfig::builder()
            .start_time(SystemTime::try_from(now)?)
            .expires_in(Duration::try_from(ttl)?)
            .build()?;
        let request = self
            .public
            .get_object()
            .bucket(&self.bucket)
            .key(self.name(&key.to_string()))
            .response_content_type(VIDEO_TYPE)
            .response_content_disposition(disposition(filename));
        let url = request.presigned(config).await?.uri().to_owned();
        Ok((url, keys.expiry().map(Timestamp::try_from).transpose()?))
    }
}

/// The next chunk of a stream. If the store stops sending, the stream ends early; the reader of the
/// stream detects that by the length.
async fn next_chunk(
    (mut body, limit): (ByteStream, Duration),
) -> Option<(io::Result<Bytes>, (ByteStream, Duration))> {
    let chunk = match tokio::time::timeout(limit, body.next()).await {
        Ok(chunk) => chunk?.map_err(io::Error::other),
        Err(elapsed) => Err(elapsed.into()),
    };
    Some((chunk, (body, limit)))
}

async fn read_hashed(
    mut body: ByteStream,
    path: &str,
    length: u64,
    mut consume: impl FnMut(u64, &[u8]) -> Result<(), StorageError>,
) -> Result<Digest, StorageError> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| S3Failure::unclear(error).into_error("get", path))?;
        let end = at + bytes.len() as u64;
        if end > length {
            return Err(StorageError::Mismatch { key: path.to_owned() });
        }
        hash.update(&bytes);
        consume(at, &bytes)?;
        at = end;
    }
    Ok(Digest::new(hash.finalize().into()))
}

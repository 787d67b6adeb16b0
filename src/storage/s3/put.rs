//! Putting an object exactly once.

use std::fs::OpenOptions;
use std::io;

use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::ChecksumMode;
use backon::Retryable as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;

use super::client::S3;
use super::failure::{FailureKind, S3Failure, with_timeout};
use crate::model::Digest;
use crate::storage::error::{BoxError, IoContext as _, StorageError};
use crate::storage::files::{CHUNK, blocking, open, read_verified};
use crate::storage::object::{PutRequest, Source};

/// Concurrent PUTs of one name in [`S3::race`].
const RACERS: usize = 8;

impl S3 {
    /// Puts an object unless it exists. Succeeds when exactly these bytes are stored under the name.
    pub(in crate::storage) async fn put(&self, put: PutRequest) -> Result<(), StorageError> {
        let _permit = self.permit(&put.path).await?;
        let attempt = || self.put_and_verify(&put);
        attempt.retry(self.backoff).when(StorageError::is_retryable).await
    }

    /// One attempt. An unclear response is resolved by a HEAD: after a PUT that took effect but whose
    /// response was lost, the retry finds the object that it has written itself (F7).
    async fn put_and_verify(&self, put: &PutRequest) -> Result<(), StorageError> {
        let Err(failure) = self.put_once(put).await? else { return Ok(()) };
        if failure.kind == FailureKind::Mismatch {
            // An error if it is the source that has other bytes. Otherwise they were changed on the way.
            verify_source(put).await?;
            return Err(failure.of_the_network().into_error("put", &put.path));
        }
        let uncertain = matches!(failure.kind, FailureKind::Exists | FailureKind::Unclear);
        if uncertain && self.contains(&put.path, put.length, put.digest).await? {
            return Ok(());
        }
        Err(failure.into_error("put", &put.path))
    }

    /// One conditional PUT. The body is sent unsigned, because its hash is in a signed header. The outer
    /// error is a failure to read the file, the inner one a failure of the request.
    async fn put_once(&self, put: &PutRequest) -> Result<Result<(), S3Failure>, StorageError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.name(&put.path))
            .if_none_match("*")
            .checksum_sha256(put.digest.to_base64())
            .content_type(put.content_type())
            .body(body(put).await?);
        // Boxed: the SDK's future alone has 19 KiB.
        let sent = Box::pin(request.send());
        Ok(with_timeout(self.timeout(put.length), sent).await.map(drop))
    }

    /// Whether the object exists. One with other bytes is an error.
    pub(super) async fn contains(
        &self,
        path: &str,
        length: u64,
        digest: Digest,
    ) -> Result<bool, StorageError> {
        let request = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.name(path))
            .checksum_mode(ChecksumMode::Enabled)
            .send();
        let found = match with_timeout(self.response_timeout, request).await {
            Err(failure) if failure.kind == FailureKind::Missing => return Ok(false),
            found => found.map_err(|failure| failure.into_error("check", path))?,
        };
        let has_length = found.content_length().map(u64::try_from) == Some(Ok(length));
        let has_digest = match found.checksum_sha256().and_then(from_base64) {
            Some(stored) => stored == digest,
            // The store keeps no checksums, so the object is read back.
            None => has_length && self.has_digest(path, length, digest, |_, _| Ok(())).await?,
        };
        if has_length && has_digest {
            return Ok(true);
        }
        Err(StorageError::Mismatch { key: path.to_owned() })
    }

    /// For the self-test: sends concurrent conditional PUTs to one name, of which exactly one may
    /// succeed.
    pub(in crate::storage) async fn race(&self, put: &PutRequest) -> Result<(), BoxError> {
        let mut won = 0;
        for result in join_all((0..RACERS).map(|_| self.put_once(put))).await {
            match result? {
                Ok(()) => won += 1,
                Err(failure) if failure.kind == FailureKind::Exists => {}
                Err(failure) => return Err(failure.into_error("put", &put.path).into()),
            }
        }
        match won {
            1 => Ok(()),
            _ => Err(format!("{won} of {RACERS} conditional puts to one name succeeded").into()),
        }
    }
}

/// Fails if the source does not have the announced bytes.
async fn verify_source(put: &PutRequest) -> Result<(), StorageError> {
    let (path, range) = match &put.source {
        Source::File(path) => (path.clone(), 0..put.length),
        Source::Range(path, range) => (path.clone(), range.clone()),
        Source::Bytes(_) => return Ok(()),
    };
    let digest = put.digest;
    blocking(move || {
        let file = open(&path, OpenOptions::new().read(true))?;
        read_verified(&file, &path, range, digest, |_, _| Ok(()))
    })
    .await
}

/// Reads the file in larger chunks than the SDK's default, which halves the CPU time.
async fn body(put: &PutRequest) -> Result<ByteStream, StorageError> {
    let (path, start) = match &put.source {
        Source::File(path) => (path, 0),
        Source::Range(path, range) => (path, range.start),
        Source::Bytes(bytes) => return Ok(bytes.clone().into()),
    };
    let body = ByteStream::read_from()
        .path(path)
        .offset(start)
        .length(Length::Exact(put.length))
        .buffer_size(CHUNK)
        .build()
        .await;
    body.map_err(io::Error::other).context("read", path)
}

fn from_base64(text: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(Digest::new(bytes.try_into().ok()?))
}

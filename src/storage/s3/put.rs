//! Putting an object, once and for certain.

use std::io;
use std::ops::Range;
use std::path::Path;

use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::ChecksumMode;
use backon::Retryable as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::S3;
use super::answer::{Answer, Trouble, within};
use crate::model::Digest;
use crate::storage::StorageError;
use crate::storage::files::PIECE;

/// Some bytes of a file that become an object.
pub(in crate::storage) struct Piece<'a> {
    pub(in crate::storage) path: String,
    pub(in crate::storage) source: &'a Path,
    pub(in crate::storage) range: Range<u64>,
    pub(in crate::storage) digest: Digest,
    pub(in crate::storage) content_type: &'static str,
}

impl Piece<'_> {
    fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Read from the path, in larger pieces than the SDK would: half the processor time.
    pub(super) async fn body(&self) -> Result<ByteStream, StorageError> {
        let body = ByteStream::read_from()
            .path(self.source)
            .offset(self.range.start)
            .length(Length::Exact(self.length()))
            .buffer_size(PIECE)
            .build()
            .await;
        body.map_err(|e| StorageError::file("read", self.source, io::Error::other(e)))
    }
}

impl S3 {
    /// Puts an object unless it is there already; succeeds when, in the end, exactly these bytes
    /// are stored under the name.
    pub(in crate::storage) async fn put(&self, piece: &Piece<'_>) -> Result<(), StorageError> {
        let _permit = self.permit(&piece.path).await?;
        let attempt = || self.put_and_settle(piece);
        attempt.retry(self.limits.pauses).when(StorageError::is_hiccup).await
    }

    /// One try. What it leaves open is settled by looking: a put that was carried out, its answer
    /// lost, and that is tried again, meets its own object (F7, F9).
    async fn put_and_settle(&self, piece: &Piece<'_>) -> Result<(), StorageError> {
        match self.put_once(piece, piece.body().await?).await {
            Err(trouble) if matches!(trouble.answer, Answer::Exists | Answer::Unclear) => {
                let there = self.holds(&piece.path, piece.length(), piece.digest).await?;
                if there { Ok(()) } else { Err(trouble.of("put", &piece.path)) }
            }
            other => other.map_err(|trouble| trouble.of("put", &piece.path)),
        }
    }

    /// One conditional PUT. The body goes out unsigned, because its hash is in a signed header.
    pub(super) async fn put_once(
        &self,
        piece: &Piece<'_>,
        body: ByteStream,
    ) -> Result<(), Trouble> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.name(&piece.path))
            .if_none_match("*")
            .checksum_sha256(piece.digest.to_base64())
            .content_type(piece.content_type)
            .body(body);
        // Boxed: the SDK's future alone has 19 KiB.
        let sent = Box::pin(request.send());
        within(self.limits.for_bytes(piece.length()), sent).await.map(drop)
    }

    /// Whether the object is there. One with other bytes is an error.
    pub(in crate::storage) async fn holds(
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
        let found = match within(self.limits.answer, request).await {
            Err(trouble) if trouble.answer == Answer::Missing => return Ok(false),
            found => found.map_err(|trouble| trouble.of("look at", path))?,
        };
        let kept = match found.checksum_sha256().and_then(from_base64) {
            Some(kept) => kept,
            // A store that keeps no checksums: read it all back.
            None => self.digest(path, length).await?,
        };
        if found.content_length().map(u64::try_from) == Some(Ok(length)) && kept == digest {
            return Ok(true);
        }
        Err(StorageError::Mismatch { key: path.to_owned() })
    }
}

fn from_base64(text: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(Digest::new(bytes.try_into().ok()?))
}

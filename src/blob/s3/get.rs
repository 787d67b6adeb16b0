//! Reading objects back, listing them, removing them.

use aws_sdk_s3::primitives::ByteStream;
use backon::Retryable as _;
use sha2::{Digest as _, Sha256};

use super::S3;
use super::answer::{Trouble, within};
use crate::blob::keys::folders;
use crate::blob::spool_file::Writer;
use crate::blob::{BlobError, SegmentKey, VideoKey};
use crate::model::{Digest, UploadId};

impl S3 {
    /// Fetches a segment to its place in a spool file; succeeds when the bytes are the right ones.
    pub(in crate::blob) async fn fetch(
        &self,
        key: &SegmentKey,
        digest: Digest,
        into: &Writer,
    ) -> Result<(), BlobError> {
        let path = key.to_string();
        let _permit = self.permit(&path).await?;
        let attempt = || self.copy(&path, key.start.get(), key.length().get(), into);
        let found = attempt.retry(self.limits.pauses).when(BlobError::is_hiccup).await?;
        if found == digest { Ok(()) } else { Err(BlobError::Mismatch { key: path }) }
    }

    async fn copy(
        &self,
        path: &str,
        start: u64,
        length: u64,
        into: &Writer,
    ) -> Result<Digest, BlobError> {
        let failed = |e| BlobError::file("write", into.path(), e);
        let write = |at: u64, bytes: &[u8]| into.write_at(start + at, bytes).map_err(failed);
        self.read(path, length, write).await
    }

    /// Reads an object through, only for its hash.
    pub(super) async fn read_digest(&self, path: &str, length: u64) -> Result<Digest, BlobError> {
        self.read(path, length, |_, _| Ok(())).await
    }

    /// Hands an object to `take` as it comes, and tells its hash.
    async fn read(
        &self,
        path: &str,
        length: u64,
        take: impl FnMut(u64, &[u8]) -> Result<(), BlobError>,
    ) -> Result<Digest, BlobError> {
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(path)).send();
        let object = within(self.limits.answer, request).await;
        let body = object.map_err(|trouble| trouble.of("get", path))?.body;
        let reading = read_through(body, path, length, take);
        match tokio::time::timeout(self.limits.for_bytes(length), reading).await {
            Ok(read) => read,
            Err(elapsed) => Err(Trouble::unclear(elapsed).of("get", path)),
        }
    }

    /// Removes what an upload has stored, but `keep`. Doing it twice is fine.
    pub(in crate::blob) async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), BlobError> {
        let keep = keep.map(|key| self.name(&key.to_string()));
        for folder in folders(upload) {
            let attempt = || self.clear_folder(&folder, keep.as_deref());
            attempt.retry(self.limits.pauses).when(BlobError::is_hiccup).await?;
        }
        Ok(())
    }

    async fn clear_folder(&self, folder: &str, keep: Option<&str>) -> Result<(), BlobError> {
        let failed = |trouble: Trouble| trouble.of("clear", folder);
        let mut page = None;
        loop {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(self.name(&format!("{folder}/")))
                .set_continuation_token(page)
                .send();
            let listed = within(self.limits.answer, request).await.map_err(failed)?;
            for name in listed.contents().iter().filter_map(|object| object.key()) {
                if Some(name) != keep {
                    self.delete(name).await.map_err(failed)?;
                }
            }
            page = listed.next_continuation_token;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    /// One by one: the batch form needs an MD5 or CRC that not every store takes.
    async fn delete(&self, name: &str) -> Result<(), Trouble> {
        let request = self.client.delete_object().bucket(&self.bucket).key(name).send();
        within(self.limits.answer, request).await.map(drop)
    }
}

async fn read_through(
    mut body: ByteStream,
    path: &str,
    length: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), BlobError>,
) -> Result<Digest, BlobError> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|cut| Trouble::unclear(cut).of("get", path))?;
        let end = at + bytes.len() as u64;
        if end > length {
            return Err(BlobError::Mismatch { key: path.to_owned() });
        }
        hash.update(&bytes);
        take(at, &bytes)?;
        at = end;
    }
    Ok(Digest::new(hash.finalize().into()))
}

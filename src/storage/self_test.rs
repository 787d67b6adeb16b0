//! The self-test of a store, for `doctor`. It tries every property that this service relies on.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;

use super::error::{BoxError, IoContext as _, StorageError};
use super::forge;
use super::link::MEDIA_PATH;
use super::object::{PutRequest, VideoKey};
use super::store::Store;
use crate::model::{Clock, Digest, Length, Random, UploadId};

/// The result of one test.
#[derive(Debug)]
pub struct TestResult {
    pub name: &'static str,
    pub result: Result<(), BoxError>,
}

const FORGED: &str = "anyone with a playback link can overwrite videos: update the store, and set \
                      storage.s3.link_credentials_file to the keys of a user that may only read";

const LINK_TTL: SignedDuration = SignedDuration::from_secs(60);
/// A range within the sample.
const RANGE: Range<usize> = 100..150;

struct SelfTest<'a> {
    store: &'a Store,
    http: &'a reqwest::Client,
    now: Timestamp,
    key: VideoKey,
    sample: NamedTempFile,
    bytes: Vec<u8>,
}

impl Store {
    /// Tries every property with an object of 1 KiB, and removes it. `http` fetches the playback link, as
    /// a browser would.
    ///
    /// # Errors
    /// Only when the sample cannot be written; failures of the store are in the results.
    pub async fn self_test(
        &self,
        http: &reqwest::Client,
        clock: &Clock,
        random: &Random,
    ) -> Result<Vec<TestResult>, StorageError> {
        let test = SelfTest::new(self, http, clock, random)?;
        let mut results = vec![
            ("store an object", test.put(&test.key).await.map_err(BoxError::from)),
            ("store it only once", test.put_once().await),
            ("read it by a playback link", test.read_all().await),
            ("read a range of it", test.read_range().await),
            ("require a signature", test.reject_unsigned().await),
        ];
        // The disk back end transfers nothing that could change on the way.
        if self.folder().is_none() {
            results.push(("refuse a wrong checksum", test.reject_wrong_checksum().await));
            let forged = test.reject_forged_write().await;
            results.push(("refuse a forged write", forged));
        }
        results.push(("remove it", test.remove().await));
        Ok(results.into_iter().map(|(name, result)| TestResult { name, result }).collect())
    }
}

impl<'a> SelfTest<'a> {
    fn new(
        store: &'a Store,
        http: &'a reqwest::Client,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self, StorageError> {
        let bytes = random.bytes::<1024>().to_vec();
        // The disk back end hard-links the sample, so it must be on the same file system.
        let folder = store.folder().map_or_else(std::env::temp_dir, Path::to_owned);
        let mut sample = NamedTempFile::new_in(&folder).context("write a sample to", &folder)?;
        sample.write_all(&bytes).context("write a sample to", &folder)?;
        let sha256 = Digest::new(Sha256::digest(&bytes).into());
        let key = VideoKey { upload: UploadId::mint(clock, random), sha256 };
        Ok(Self { store, http, now: clock.now(), key, sample, bytes })
    }

    async fn put(&self, key: &VideoKey) -> Result<(), StorageError> {
        let length = Length::new(self.bytes.len() as u64);
        self.store.put_video(key, self.sample.path(), length, key.sha256).await
    }

    /// A race, because a store that checks first and then writes passes every sequential test.
    async fn put_once(&self) -> Result<(), BoxError> {
        let Some(s3) = self.store.s3() else { return Ok(self.put(&self.key).await?) };
        // A second name of the same upload, cleared together with the first.
        let other = VideoKey { sha256: Digest::new([1; 32]), ..self.key };
        let length = Length::new(self.bytes.len() as u64);
        s3.race(&PutRequest::video(&other, self.sample.path(), length, self.key.sha256)).await
    }

    async fn reject_wrong_checksum(&self) -> Result<(), BoxError> {
        let key = VideoKey { sha256: Digest::new([0; 32]), ..self.key };
        match self.put(&key).await {
            Err(StorageError::Mismatch { .. }) => {}
            Err(other) => return Err(other.into()),
            Ok(()) => return Err("an object with a wrong checksum was accepted".into()),
        }
        match self.read(&key, None).await {
            Ok(_) => Err("an object with a wrong checksum was refused but can be read".into()),
            Err(_) => Ok(()),
        }
    }

    async fn read_all(&self) -> Result<(), BoxError> {
        compare(&self.read(&self.key, None).await?, &self.bytes)
    }

    async fn read_range(&self) -> Result<(), BoxError> {
        compare(&self.read(&self.key, Some(RANGE)).await?, &self.bytes[RANGE])
    }

    async fn reject_unsigned(&self) -> Result<(), BoxError> {
        let link = self.link(&self.key).await?;
        let (unsigned, _) = link.split_once('?').unwrap_or((MEDIA_PATH, ""));
        match self.read_link(unsigned, None).await {
            Ok(_) => Err("it can be read without a signature".into()),
            Err(_) => Ok(()),
        }
    }

    /// Tries to overwrite the object using only the access key id that a playback link contains. Some stores
    /// did not verify the signature of such a write.
    async fn reject_forged_write(&self) -> Result<(), BoxError> {
        let forged = forge::write(self.http, &self.link(&self.key).await?).await?;
        let is_changed = self.read(&self.key, None).await? != self.bytes;
        if forged || is_changed {
            return Err(FORGED.into());
        }
        Ok(())
    }

    async fn remove(&self) -> Result<(), BoxError> {
        self.store.clear(self.key.upload, None).await?;
        match self.read(&self.key, None).await {
            Ok(_) => Err("it can still be read".into()),
            Err(_) => Ok(()),
        }
    }

    async fn link(&self, key: &VideoKey) -> Result<String, StorageError> {
        Ok(self.store.link(key, LINK_TTL, "doctor.mp4", self.now).await?.url)
    }

    /// Reads a range, or everything, by a playback link.
    async fn read(&self, key: &VideoKey, range: Option<Range<usize>>) -> Result<Vec<u8>, BoxError> {
        self.read_link(&self.link(key).await?, range).await
    }

    /// Reads a playback link: by HTTP, or from the store for a link of the disk back end.
    async fn read_link(&self, url: &str, range: Option<Range<usize>>) -> Result<Vec<u8>, BoxError> {
        if let Some(signed) = url.strip_prefix(MEDIA_PATH) {
            let mut opened = self.store.open_link(signed, self.now).await?;
            let mut bytes = Vec::new();
            opened.file.read_to_end(&mut bytes).await?;
            return Ok(bytes.get(range.unwrap_or(0..bytes.len())).unwrap_or_default().to_vec());
        }
        let mut request = self.http.get(url);
        if let Some(Range { start, end }) = range {
            request = request.header("range", format!("bytes={start}-{}", end - 1));
        }
        // The error would show the URL, with its signature.
        let read = async { request.send().await?.error_for_status()?.bytes().await };
        Ok(read.await.map_err(reqwest::Error::without_url)?.to_vec())
    }
}

fn compare(read: &[u8], expected: &[u8]) -> Result<(), BoxError> {
    if read == expected { Ok(()) } else { Err("the bytes read differ from those stored".into()) }
}

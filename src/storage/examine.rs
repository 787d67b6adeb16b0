//! A thorough look at a store, for `doctor`: what we rely on is tried, not believed.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;

use super::error::Cause;
use super::link::MEDIA;
use super::{SegmentKey, StorageError, Store, VideoKey};
use crate::model::{Clock, Digest, Length, Offset, Random, UploadId};

/// One thing that was tried.
#[derive(Debug)]
pub struct Step {
    /// What we need of the store.
    pub name: &'static str,
    /// Whether it does so.
    pub result: Result<(), Cause>,
}

/// How long the link of the examination lives.
const LINK_TTL: SignedDuration = SignedDuration::from_secs(60);
/// The range that is read, somewhere inside the sample.
const RANGE: Range<usize> = 100..150;

struct Examination<'a> {
    store: &'a Store,
    http: &'a reqwest::Client,
    now: Timestamp,
    key: VideoKey,
    sample: NamedTempFile,
    bytes: Vec<u8>,
}

impl Store {
    /// Tries everything we rely on with an object of 1 KiB, and removes it again. `http` fetches
    /// the viewing link, as a browser would.
    ///
    /// # Errors
    /// Only when the sample cannot be written; what the store does wrong is in the steps.
    pub async fn examine(
        &self,
        http: &reqwest::Client,
        clock: &Clock,
        random: &Random,
    ) -> Result<Vec<Step>, StorageError> {
        let examination = Examination::new(self, http, clock, random)?;
        let mut steps = vec![
            Step { name: "store an object", result: examination.put().await },
            Step { name: "store it only once", result: examination.put_once().await },
        ];
        // On disk nothing is on the way that could change.
        if self.folder().is_none() {
            let result = examination.refuse_wrong().await;
            steps.push(Step { name: "refuse a wrong checksum", result });
        }
        steps.extend([
            Step { name: "show it by a viewing link", result: examination.view().await },
            Step { name: "show a range of it", result: examination.view_range().await },
            Step { name: "keep strangers out", result: examination.keep_out().await },
            Step { name: "remove it", result: examination.remove().await },
        ]);
        Ok(steps)
    }
}

impl<'a> Examination<'a> {
    fn new(
        store: &'a Store,
        http: &'a reqwest::Client,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self, StorageError> {
        let bytes = random.bytes::<1024>().to_vec();
        // A folder takes a file by a hard link, so the sample has to be on its file system.
        let folder = store.folder().map_or_else(std::env::temp_dir, Path::to_owned);
        let failed = |e| StorageError::file("write a sample to", &folder, e);
        let mut sample = NamedTempFile::new_in(&folder).map_err(failed)?;
        sample.write_all(&bytes).map_err(failed)?;
        let sha256 = Digest::new(Sha256::digest(&bytes).into());
        let key = VideoKey { upload: UploadId::mint(clock, random), sha256 };
        Ok(Self { store, http, now: clock.now(), key, sample, bytes })
    }

    async fn put(&self) -> Result<(), Cause> {
        Ok(self.put_as(&self.key, self.key.sha256).await?)
    }

    /// A race, because a store that looks first and writes then passes every other test.
    async fn put_once(&self) -> Result<(), Cause> {
        match self.store.s3() {
            Some(s3) => {
                let path = self.other_key().to_string();
                s3.race(&path, self.sample.path(), self.length().get(), self.key.sha256).await
            }
            None => self.put().await,
        }
    }

    async fn refuse_wrong(&self) -> Result<(), Cause> {
        let wrong = Digest::new([0; 32]);
        if self.store.s3().is_none() {
            return refused(self.copy_as(wrong).await);
        }
        let key = VideoKey { sha256: wrong, ..self.key };
        refused(self.put_as(&key, wrong).await)?;
        match self.read(&key, None).await {
            Ok(_) => Err("wrong bytes were refused, and can be read all the same".into()),
            Err(_) => Ok(()),
        }
    }

    /// On disk a video is linked, and its bytes go nowhere; those of a segment are copied.
    async fn copy_as(&self, digest: Digest) -> Result<(), StorageError> {
        let end = Offset::new(self.length().get());
        let key = SegmentKey { upload: self.key.upload, start: Offset::START, end, fence: 0 };
        self.store.put_segment(&key, self.sample.path(), digest).await
    }

    async fn view(&self) -> Result<(), Cause> {
        same(&self.read(&self.key, None).await?, &self.bytes)
    }

    async fn view_range(&self) -> Result<(), Cause> {
        same(&self.read(&self.key, Some(RANGE)).await?, &self.bytes[RANGE])
    }

    /// Without a signature nobody sees anything (S54).
    async fn keep_out(&self) -> Result<(), Cause> {
        let link = self.link(&self.key).await?;
        let (bare, _signature) = link.split_once('?').unwrap_or((MEDIA, ""));
        match self.follow(bare, None).await {
            Ok(_) => Err("it can be read without a signature".into()),
            Err(_) => Ok(()),
        }
    }

    async fn remove(&self) -> Result<(), Cause> {
        self.store.clear(self.key.upload, None).await?;
        match self.read(&self.key, None).await {
            Ok(_) => Err("it can still be read".into()),
            Err(_) => Ok(()),
        }
    }

    async fn put_as(&self, key: &VideoKey, digest: Digest) -> Result<(), StorageError> {
        self.store.put_video(key, self.sample.path(), self.length(), digest).await
    }

    fn length(&self) -> Length {
        Length::new(self.bytes.len() as u64)
    }

    /// A second name beside the first, cleared with it.
    fn other_key(&self) -> VideoKey {
        VideoKey { sha256: Digest::new([1; 32]), ..self.key }
    }

    async fn link(&self, key: &VideoKey) -> Result<String, StorageError> {
        Ok(self.store.link(key, LINK_TTL, "doctor.mp4", self.now).await?.url)
    }

    /// Reads by a viewing link: a range or everything.
    async fn read(&self, key: &VideoKey, range: Option<Range<usize>>) -> Result<Vec<u8>, Cause> {
        self.follow(&self.link(key).await?, range).await
    }

    async fn follow(&self, url: &str, range: Option<Range<usize>>) -> Result<Vec<u8>, Cause> {
        match url.strip_prefix(MEDIA) {
            Some(signed) => self.read_file(signed, range).await,
            None => self.read_url(url, range).await,
        }
    }

    async fn read_file(&self, signed: &str, range: Option<Range<usize>>) -> Result<Vec<u8>, Cause> {
        let mut opened = self.store.open_signed(signed, self.now).await?;
        let mut bytes = Vec::new();
        opened.file.read_to_end(&mut bytes).await?;
        Ok(bytes.get(range.unwrap_or(0..bytes.len())).unwrap_or_default().to_vec())
    }

    async fn read_url(&self, url: &str, range: Option<Range<usize>>) -> Result<Vec<u8>, Cause> {
        let mut request = self.http.get(url);
        if let Some(Range { start, end }) = range {
            request = request.header("range", format!("bytes={start}-{}", end - 1));
        }
        Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec())
    }
}

fn same(read: &[u8], wanted: &[u8]) -> Result<(), Cause> {
    if read == wanted { Ok(()) } else { Err("other bytes came back".into()) }
}

fn refused(put: Result<(), StorageError>) -> Result<(), Cause> {
    match put {
        Err(StorageError::Mismatch { .. }) => Ok(()),
        Err(other) => Err(other.into()),
        Ok(()) => Err("wrong bytes were taken".into()),
    }
}

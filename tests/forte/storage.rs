//! Guarantees of both back ends.

use std::path::PathBuf;

use bytes::Bytes;
use forte_media::model::{Clock, Digest, Faults, Length, NodeId, Offset, Random, UploadId};
use forte_media::storage::{
    Config, Depth, ObjectKind, SegmentKey, Spool, SpoolFile, StorageError, Store, TestResult,
    VideoKey,
};
use futures_util::future::join_all;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use crate::harness::s3::{Bucket, s3_defaults};

/// A store and a spool.
pub(crate) struct StorageEnv {
    pub(crate) store: Store,
    pub(crate) spool: Spool,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) folder: TempDir,
}

/// An upload that is complete in the spool, and the key of its video.
pub(crate) struct SpooledVideo {
    pub(crate) file: SpoolFile,
    pub(crate) key: VideoKey,
    pub(crate) length: Length,
    pub(crate) bytes: Vec<u8>,
}

impl StorageEnv {
    pub(crate) async fn disk() -> Self {
        let folder = TempDir::new().expect("makes a folder");
        let url = format!("file:{}", folder.path().join("videos").display());
        Self::new(Config { url, s3: s3_defaults() }, None, folder).await
    }

    pub(crate) async fn s3() -> Self {
        let bucket = Bucket::fresh().await;
        let folder = TempDir::new().expect("makes a folder");
        Self::new(bucket.config(), Some(bucket), folder).await
    }

    pub(crate) async fn new(config: Config, bucket: Option<Bucket>, folder: TempDir) -> Self {
        let (clock, random) = (Clock::system(), Random::system());
        let home = NodeId::mint(&clock, &random);
        let store = Store::open(&config, b"a secret of links", Faults::none()).await;
        let spool = Spool::open(&folder.path().join("spool"), home, Faults::none());
        let (store, spool) = (store.expect("opens the store"), spool.expect("opens the spool"));
        store.check_spool(&spool).expect("one file system");
        Self { store, spool, bucket, clock, random, folder }
    }

    pub(crate) async fn spooled_video(&self, length: usize) -> SpooledVideo {
        let bytes: Vec<u8> = self.random.bytes::<64>().into_iter().cycle().take(length).collect();
        let upload = UploadId::mint(&self.clock, &self.random);
        let mut file = self.spool.create(upload).expect("makes a spool file");
        file.append(&[Bytes::from(bytes.clone())]).await.expect("appends");
        let key = VideoKey { upload, sha256: digest(&bytes) };
        SpooledVideo { file, key, length: Length::new(length as u64), bytes }
    }

    pub(crate) async fn put(&self, video: &SpooledVideo) -> Result<(), StorageError> {
        let digest = video.key.sha256;
        self.store.put_video(&video.key, video.file.path(), video.length, digest).await
    }

    /// The bytes a reviewer's browser gets, if any.
    pub(crate) async fn watch(&self, key: &VideoKey) -> Option<Vec<u8>> {
        let ttl = SignedDuration::from_secs(60);
        let link = self.store.link(key, ttl, "a.mp4", self.clock.now()).await.expect("a link");
        match link.url.strip_prefix("/media/") {
            Some(signed) => {
                let mut opened = self.store.open_link(signed, self.clock.now()).await.ok()?;
                let mut bytes = Vec::new();
                opened.file.read_to_end(&mut bytes).await.expect("reads");
                Some(bytes)
            }
            None => fetch(&link.url).await,
        }
    }

    /// Overwrites a stored object without the service.
    pub(crate) async fn overwrite(&self, path: &str, bytes: &[u8]) {
        match &self.bucket {
            None => std::fs::write(self.on_disk(path), bytes).expect("writes"),
            Some(bucket) => {
                let put = bucket.client().put_object().bucket(&bucket.name);
                let put = put.key(format!("some/prefix/{path}")).body(bytes.to_vec().into());
                put.send().await.expect("writes");
            }
        }
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        self.folder.path().join("videos").join(path)
    }

    /// Whether the store is not the stand-in; reports why the test is skipped otherwise.
    fn is_real(&self, because: &str) -> bool {
        self.bucket.as_ref().is_none_or(|bucket| bucket.is_real(because))
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}

pub(crate) fn browser() -> reqwest::Client {
    reqwest::Client::builder().build().expect("builds a client")
}

async fn fetch(url: &str) -> Option<Vec<u8>> {
    let answer = browser().get(url).send().await.expect("answers");
    let bytes = answer.error_for_status().ok()?.bytes().await.expect("reads");
    Some(bytes.to_vec())
}

pub(crate) fn segment(video: &SpooledVideo, start: u64, end: u64) -> (SegmentKey, Digest) {
    let upload = video.key.upload;
    let key = SegmentKey { upload, start: Offset::new(start), end: Offset::new(end), fence: 7 };
    let index = |at| usize::try_from(at).expect("small");
    (key, digest(&video.bytes[index(start)..index(end)]))
}

async fn stores_a_video_that_can_be_watched(env: StorageEnv) {
    let video = env.spooled_video(700_000).await;
    env.put(&video).await.expect("stores");
    assert!(env.watch(&video.key).await.expect("is there") == video.bytes);
}

async fn storing_a_video_again_succeeds(env: StorageEnv) {
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    env.put(&video).await.expect("is there already");
    assert_eq!(env.watch(&video.key).await.as_deref(), Some(&*video.bytes));
}

async fn eight_concurrent_puts_succeed(env: StorageEnv) {
    let video = env.spooled_video(100_000).await;
    for done in join_all((0..8).map(|_| env.put(&video))).await {
        done.expect("stores, or finds it stored");
    }
    assert!(env.watch(&video.key).await.expect("is there") == video.bytes);
}

async fn refuses_a_file_of_another_length(env: StorageEnv) {
    if !env.is_real("the stand-in keeps objects with wrong checksums") {
        return;
    }
    let mut video = env.spooled_video(1000).await;
    video.length = Length::new(999);
    let refused = env.put(&video).await.expect_err("wrong bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
    assert!(!refused.is_transient());
    assert_eq!(env.watch(&video.key).await, None);
}

/// S3 only: on disk the hash was computed while the bytes were written, and `verify` detects later
/// damage.
#[tokio::test]
async fn refuses_bytes_with_another_hash() {
    let env = StorageEnv::s3().await;
    if !env.is_real("the stand-in keeps objects with wrong checksums") {
        return;
    }
    let mut video = env.spooled_video(1000).await;
    video.key.sha256 = digest(b"something else");
    let refused = env.put(&video).await.expect_err("wrong bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
    assert_eq!(env.watch(&video.key).await, None);
}

async fn detects_other_bytes_under_an_existing_name(env: StorageEnv) {
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    env.overwrite(&video.key.to_string(), &[9; 1000]).await;
    let refused = env.put(&video).await.expect_err("other bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
}

async fn refuses_an_empty_spool_file(env: StorageEnv) {
    let mut video = env.spooled_video(1000).await;
    video.file.truncate(Offset::START).await.expect("cuts");
    env.put(&video).await.expect_err("nothing to store");
    assert_eq!(env.watch(&video.key).await, None);
}

async fn fetches_segments_to_their_ranges(env: StorageEnv) {
    let video = env.spooled_video(900_000).await;
    let pieces = [segment(&video, 0, 300_001), segment(&video, 300_001, 900_000)];
    for (key, digest) in &pieces {
        env.store.put_segment(key, video.file.path(), *digest).await.expect("stores");
        env.store.put_segment(key, video.file.path(), *digest).await.expect("stores again");
    }
    let mut other = env.spool.create(UploadId::mint(&env.clock, &env.random)).expect("makes");
    let fetches = pieces.iter().map(|(key, digest)| env.store.fetch_segment(key, *digest, &other));
    for fetched in join_all(fetches).await {
        fetched.expect("fetches");
    }
    other.truncate(Offset::new(900_000)).await.expect("takes over");
    assert!(other.read(0..900_000).await.expect("reads") == video.bytes);
}

async fn detects_a_changed_segment(env: StorageEnv) {
    let video = env.spooled_video(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    env.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    for changed in [vec![9; 1000], vec![9; 999], vec![9; 1001]] {
        env.overwrite(&key.to_string(), &changed).await;
        let lost = env.store.fetch_segment(&key, digest, &video.file).await;
        assert!(matches!(lost, Err(StorageError::Mismatch { .. })), "{lost:?}");
    }
}

async fn reports_a_missing_segment(env: StorageEnv) {
    let video = env.spooled_video(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    let lost = env.store.fetch_segment(&key, digest, &video.file).await;
    assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
}

async fn clearing_keeps_only_the_video(env: StorageEnv) {
    let (video, other) = (env.spooled_video(1000).await, env.spooled_video(1000).await);
    let (key, digest) = segment(&video, 10, 500);
    env.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    env.put(&video).await.expect("stores");
    env.put(&other).await.expect("stores");
    for _ in 0..2 {
        env.store.clear(video.key.upload, Some(&video.key)).await.expect("clears");
    }
    let lost = env.store.fetch_segment(&key, digest, &video.file).await;
    assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
    assert!(env.watch(&video.key).await.is_some());
    for _ in 0..2 {
        env.store.clear(video.key.upload, None).await.expect("clears");
    }
    assert_eq!(env.watch(&video.key).await, None);
    assert!(env.watch(&other.key).await.is_some(), "the other video still exists");
}

async fn verifies_a_stored_video(env: StorageEnv) {
    let video = env.spooled_video(1000).await;
    for depth in [Depth::Metadata, Depth::Content] {
        let lost = env.store.verify(&video.key, video.length, depth).await;
        assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
    }
    env.put(&video).await.expect("stores");
    for depth in [Depth::Metadata, Depth::Content] {
        env.store.verify(&video.key, video.length, depth).await.expect("is whole");
    }
    env.overwrite(&video.key.to_string(), &[9; 1000]).await;
    let damaged = env.store.verify(&video.key, video.length, Depth::Content).await;
    assert!(matches!(damaged, Err(StorageError::Mismatch { .. })), "{damaged:?}");
    env.overwrite(&video.key.to_string(), &[9; 10]).await;
    let cut = env.store.verify(&video.key, video.length, Depth::Metadata).await;
    assert!(matches!(cut, Err(StorageError::Mismatch { .. })), "{cut:?}");
}

async fn lists_all_objects_in_order(env: StorageEnv) {
    assert_eq!(env.store.list("").await.expect("lists"), []);
    let mut videos = [env.spooled_video(1000).await, env.spooled_video(2000).await];
    // Ids of one millisecond are not ordered.
    videos.sort_by_key(|video| video.key.upload);
    let [first, second] = videos;
    let (key, digest) = segment(&second, 0, 500);
    env.store.put_segment(&key, second.file.path(), digest).await.expect("stores");
    env.put(&first).await.expect("stores");
    env.put(&second).await.expect("stores");
    let all = env.store.list("").await.expect("lists");
    let kinds: Vec<ObjectKind> = all.iter().map(|object| object.kind).collect();
    let segment = ObjectKind::Segment(second.key.upload);
    assert_eq!(kinds, [segment, ObjectKind::Video(first.key), ObjectKind::Video(second.key)]);
    assert_eq!(all[2].length, second.length);
    for (number, object) in all.iter().enumerate() {
        assert_eq!(env.store.list(&object.path).await.expect("lists"), all[number + 1..]);
    }
}

async fn passes_the_self_test(env: StorageEnv) {
    if !env.is_real("the stand-in lets several conditional puts win") {
        return;
    }
    env.store.probe().await.expect("is there");
    let results = env.store.self_test(&browser(), &env.clock, &env.random).await.expect("runs");
    // The disk back end has no test for wrong checksums, because nothing is transferred.
    assert_eq!(results.len(), if env.bucket.is_some() { 8 } else { 6 });
    for TestResult { name, result } in results {
        // This MinIO has CVE-2026-41145, and the links are signed with a key that may write; see `deploy`.
        match result {
            Err(error) if name == "refuse a forged write" => {
                assert!(error.to_string().contains("storage.s3.link_credentials_file"), "{error}");
            }
            result => result.unwrap_or_else(|error| panic!("{name}: {error}")),
        }
    }
}

macro_rules! on_both_stores {
    ($($guarantee:ident,)*) => {
        mod on_disk {
            $(#[tokio::test] async fn $guarantee() { super::$guarantee(super::StorageEnv::disk().await).await; })*
        }
        mod on_s3 {
            $(#[tokio::test] async fn $guarantee() { super::$guarantee(super::StorageEnv::s3().await).await; })*
        }
    };
}

on_both_stores! {
    stores_a_video_that_can_be_watched,
    storing_a_video_again_succeeds,
    eight_concurrent_puts_succeed,
    refuses_a_file_of_another_length,
    detects_other_bytes_under_an_existing_name,
    refuses_an_empty_spool_file,
    fetches_segments_to_their_ranges,
    detects_a_changed_segment,
    reports_a_missing_segment,
    clearing_keeps_only_the_video,
    verifies_a_stored_video,
    lists_all_objects_in_order,
    passes_the_self_test,
}

//! What both back ends promise.

use std::path::PathBuf;

use bytes::Bytes;
use forte_media::model::{Clock, Digest, Faults, Length, NodeId, Offset, Random, UploadId};
use forte_media::storage::{
    Config, Depth, ObjectKind, SegmentKey, Spool, SpoolFile, StorageError, Store, VideoKey,
};
use futures_util::future::join_all;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use crate::harness::s3::{Bucket, s3_defaults};

/// A store, a spool beside it, and what a test needs to use them.
pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) spool: Spool,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) folder: TempDir,
}

/// An upload that is all in the spool, and the name its video will have.
pub(crate) struct Filled {
    pub(crate) file: SpoolFile,
    pub(crate) key: VideoKey,
    pub(crate) length: Length,
    pub(crate) bytes: Vec<u8>,
}

impl Rig {
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

    pub(crate) async fn filled(&self, length: usize) -> Filled {
        let bytes: Vec<u8> = self.random.bytes::<64>().into_iter().cycle().take(length).collect();
        let upload = UploadId::mint(&self.clock, &self.random);
        let mut file = self.spool.create(upload).expect("makes a spool file");
        file.append(&[Bytes::from(bytes.clone())]).await.expect("appends");
        let key = VideoKey { upload, sha256: digest(&bytes) };
        Filled { file, key, length: Length::new(length as u64), bytes }
    }

    pub(crate) async fn put(&self, video: &Filled) -> Result<(), StorageError> {
        let digest = video.key.sha256;
        self.store.put_video(&video.key, video.file.path(), video.length, digest).await
    }

    /// What a reviewer's browser would get; `None` when there is nothing.
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
            None => fetched(&link.url).await,
        }
    }

    /// Changes a stored object behind the service's back.
    pub(crate) async fn tamper(&self, path: &str, bytes: &[u8]) {
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

    /// Whether the store does all that is promised; says what the test needs if not.
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

async fn fetched(url: &str) -> Option<Vec<u8>> {
    let answer = browser().get(url).send().await.expect("answers");
    let bytes = answer.error_for_status().ok()?.bytes().await.expect("reads");
    Some(bytes.to_vec())
}

pub(crate) fn segment(video: &Filled, start: u64, end: u64) -> (SegmentKey, Digest) {
    let upload = video.key.upload;
    let key = SegmentKey { upload, start: Offset::new(start), end: Offset::new(end), fence: 7 };
    let index = |at| usize::try_from(at).expect("small");
    (key, digest(&video.bytes[index(start)..index(end)]))
}

async fn a_video_is_stored_and_can_be_watched(rig: Rig) {
    let video = rig.filled(700_000).await;
    rig.put(&video).await.expect("stores");
    assert!(rig.watch(&video.key).await.expect("is there") == video.bytes);
}

async fn storing_it_again_is_harmless(rig: Rig) {
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    rig.put(&video).await.expect("is there already");
    assert_eq!(rig.watch(&video.key).await.as_deref(), Some(&*video.bytes));
}

async fn eight_puts_at_once_store_it_once(rig: Rig) {
    let video = rig.filled(100_000).await;
    for done in join_all((0..8).map(|_| rig.put(&video))).await {
        done.expect("stores, or finds it stored");
    }
    assert!(rig.watch(&video.key).await.expect("is there") == video.bytes);
}

async fn bytes_of_another_length_are_refused_and_leave_nothing(rig: Rig) {
    if !rig.is_real("the stand-in keeps objects with wrong checksums") {
        return;
    }
    let mut video = rig.filled(1000).await;
    video.length = Length::new(999);
    let refused = rig.put(&video).await.expect_err("wrong bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
    assert!(!refused.is_transient());
    assert_eq!(rig.watch(&video.key).await, None);
}

/// On disk nothing is on the way: the hash was computed while the bytes were written, and `verify`
/// is for what happens to them later.
#[tokio::test]
async fn s3_refuses_bytes_with_another_hash() {
    let rig = Rig::s3().await;
    if !rig.is_real("the stand-in keeps objects with wrong checksums") {
        return;
    }
    let mut video = rig.filled(1000).await;
    video.key.sha256 = digest(b"something else");
    let refused = rig.put(&video).await.expect_err("wrong bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
    assert_eq!(rig.watch(&video.key).await, None);
}

async fn other_bytes_under_a_taken_name_are_found_out(rig: Rig) {
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    rig.tamper(&video.key.to_string(), &[9; 1000]).await;
    // With a disk the tampered file is the spool file itself: any upload with this name will do.
    let refused = rig.put(&video).await.expect_err("other bytes");
    assert!(matches!(refused, StorageError::Mismatch { .. }), "{refused:?}");
}

async fn an_empty_spool_file_cannot_become_a_video(rig: Rig) {
    let mut video = rig.filled(1000).await;
    video.file.truncate(Offset::START).await.expect("cuts");
    rig.put(&video).await.expect_err("nothing to store");
    assert_eq!(rig.watch(&video.key).await, None);
}

async fn segments_come_back_to_their_places(rig: Rig) {
    let video = rig.filled(900_000).await;
    let pieces = [segment(&video, 0, 300_001), segment(&video, 300_001, 900_000)];
    for (key, digest) in &pieces {
        rig.store.put_segment(key, video.file.path(), *digest).await.expect("stores");
        rig.store.put_segment(key, video.file.path(), *digest).await.expect("stores again");
    }
    let mut other = rig.spool.create(UploadId::mint(&rig.clock, &rig.random)).expect("makes");
    let fetches = pieces.iter().map(|(key, digest)| rig.store.fetch_segment(key, *digest, &other));
    for fetched in join_all(fetches).await {
        fetched.expect("fetches");
    }
    other.truncate(Offset::new(900_000)).await.expect("takes over");
    assert!(other.read(0..900_000).await.expect("reads") == video.bytes);
}

async fn a_changed_segment_is_found_out(rig: Rig) {
    let video = rig.filled(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    rig.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    for changed in [vec![9; 1000], vec![9; 999], vec![9; 1001]] {
        rig.tamper(&key.to_string(), &changed).await;
        let lost = rig.store.fetch_segment(&key, digest, &video.file).await;
        assert!(matches!(lost, Err(StorageError::Mismatch { .. })), "{lost:?}");
    }
}

async fn a_lost_segment_is_missing(rig: Rig) {
    let video = rig.filled(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    let lost = rig.store.fetch_segment(&key, digest, &video.file).await;
    assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
}

async fn clearing_keeps_the_video_and_nothing_else(rig: Rig) {
    let (video, neighbour) = (rig.filled(1000).await, rig.filled(1000).await);
    let (key, digest) = segment(&video, 10, 500);
    rig.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    rig.put(&video).await.expect("stores");
    rig.put(&neighbour).await.expect("stores");
    for _ in 0..2 {
        rig.store.clear(video.key.upload, Some(&video.key)).await.expect("clears");
    }
    let lost = rig.store.fetch_segment(&key, digest, &video.file).await;
    assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
    assert!(rig.watch(&video.key).await.is_some());
    for _ in 0..2 {
        rig.store.clear(video.key.upload, None).await.expect("clears");
    }
    assert_eq!(rig.watch(&video.key).await, None);
    assert!(rig.watch(&neighbour.key).await.is_some(), "the neighbour's video is still there");
}

async fn a_stored_video_can_be_verified(rig: Rig) {
    let video = rig.filled(1000).await;
    for depth in [Depth::Metadata, Depth::Content] {
        let lost = rig.store.verify(&video.key, video.length, depth).await;
        assert!(matches!(lost, Err(StorageError::Missing { .. })), "{lost:?}");
    }
    rig.put(&video).await.expect("stores");
    for depth in [Depth::Metadata, Depth::Content] {
        rig.store.verify(&video.key, video.length, depth).await.expect("is whole");
    }
    rig.tamper(&video.key.to_string(), &[9; 1000]).await;
    let damaged = rig.store.verify(&video.key, video.length, Depth::Content).await;
    assert!(matches!(damaged, Err(StorageError::Mismatch { .. })), "{damaged:?}");
    rig.tamper(&video.key.to_string(), &[9; 10]).await;
    let cut = rig.store.verify(&video.key, video.length, Depth::Metadata).await;
    assert!(matches!(cut, Err(StorageError::Mismatch { .. })), "{cut:?}");
}

async fn everything_stored_is_listed_in_order(rig: Rig) {
    assert_eq!(rig.store.list("").await.expect("lists"), []);
    let mut videos = [rig.filled(1000).await, rig.filled(2000).await];
    // Ids of one millisecond are in no order.
    videos.sort_by_key(|video| video.key.upload);
    let [first, second] = videos;
    let (key, digest) = segment(&second, 0, 500);
    rig.store.put_segment(&key, second.file.path(), digest).await.expect("stores");
    rig.put(&first).await.expect("stores");
    rig.put(&second).await.expect("stores");
    let all = rig.store.list("").await.expect("lists");
    let kinds: Vec<ObjectKind> = all.iter().map(|object| object.kind).collect();
    let segment = ObjectKind::Segment(second.key.upload);
    assert_eq!(kinds, [segment, ObjectKind::Video(first.key), ObjectKind::Video(second.key)]);
    assert_eq!(all[2].length, second.length);
    for (number, object) in all.iter().enumerate() {
        assert_eq!(rig.store.list(&object.path).await.expect("lists"), all[number + 1..]);
    }
}

async fn the_examination_finds_nothing_wrong(rig: Rig) {
    if !rig.is_real("the stand-in lets several conditional puts win") {
        return;
    }
    rig.store.probe().await.expect("is there");
    let steps =
        rig.store.self_test(&browser(), &rig.clock, &rig.random).await.expect("is examined");
    // A folder is not asked to refuse a wrong checksum: nothing is on the way to it.
    assert_eq!(steps.len(), if rig.bucket.is_some() { 7 } else { 6 });
    for step in steps {
        step.result.unwrap_or_else(|error| panic!("{}: {error}", step.name));
    }
}

macro_rules! on_both {
    ($($promise:ident,)*) => {
        mod on_disk {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Rig::disk().await).await; })*
        }
        mod on_s3 {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Rig::s3().await).await; })*
        }
    };
}

on_both! {
    a_video_is_stored_and_can_be_watched,
    storing_it_again_is_harmless,
    eight_puts_at_once_store_it_once,
    bytes_of_another_length_are_refused_and_leave_nothing,
    other_bytes_under_a_taken_name_are_found_out,
    an_empty_spool_file_cannot_become_a_video,
    segments_come_back_to_their_places,
    a_changed_segment_is_found_out,
    a_lost_segment_is_missing,
    clearing_keeps_the_video_and_nothing_else,
    a_stored_video_can_be_verified,
    everything_stored_is_listed_in_order,
    the_examination_finds_nothing_wrong,
}

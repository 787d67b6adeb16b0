//! The spool, and playback links of the disk back end.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bytes::Bytes;
use forte_media::model::{Clock, Faults, NodeId, Offset, Random, UploadId};
use forte_media::storage::{Config, LinkError, Spool, StorageError, Store};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::harness::s3::s3_defaults;
use crate::storage::StorageEnv;

fn fresh<Id>(mint: impl Fn(&Clock, &Random) -> Id) -> Id {
    mint(&Clock::system(), &Random::system())
}

fn open(folder: &Path, faults: Faults) -> Result<Spool, StorageError> {
    Spool::open(folder, fresh(NodeId::mint), faults)
}

fn chunks(texts: &[&'static str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
}

#[tokio::test]
async fn appends_chunks_in_order() {
    let env = StorageEnv::disk().await;
    let mut file = env.spool.create(fresh(UploadId::mint)).expect("makes");
    file.append(&chunks(&["", "one ", "two ", "", "three"])).await.expect("appends");
    file.append(&chunks(&["", ""])).await.expect("appends nothing");
    file.append(&[Bytes::from(vec![b'x'; 600_000])]).await.expect("appends a large piece");
    file.append(&chunks(&["end"])).await.expect("appends");
    file.sync().await.expect("syncs");
    assert_eq!(file.length(), Offset::new(13 + 600_000 + 3));
    assert_eq!(file.read(0..14).await.expect("reads"), b"one two threex");
    assert_eq!(file.read(600_012..600_016).await.expect("reads"), b"xend");
    file.read(600_012..600_017).await.expect_err("past the end");
}

#[tokio::test]
async fn reopening_drops_unacknowledged_bytes() {
    let env = StorageEnv::disk().await;
    let upload = fresh(UploadId::mint);
    let mut file = env.spool.create(upload).expect("makes");
    file.append(&chunks(&["acknowledged, not"])).await.expect("appends");
    drop(file);
    let mut file = env.spool.reopen(upload, Offset::new(12)).await.expect("opens");
    assert_eq!(file.length(), Offset::new(12));
    file.append(&chunks(&["!"])).await.expect("appends");
    assert_eq!(fs::read(file.path()).expect("reads"), b"acknowledged!");
    drop(file);
    let short = env.spool.reopen(upload, Offset::new(14)).await.err().expect("too short");
    assert!(matches!(short, StorageError::Missing { .. }), "{short:?}");
    let none = env.spool.reopen(fresh(UploadId::mint), Offset::START).await.err().expect("none");
    assert!(matches!(none, StorageError::Missing { .. }), "{none:?}");
}

#[tokio::test]
async fn a_stored_video_is_unchanged_when_its_upload_continues() {
    let env = StorageEnv::disk().await;
    let mut video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    // The transaction failed: the last byte is dropped, and the client sends another one.
    video.file.truncate(Offset::new(999)).await.expect("cuts");
    video.file.append(&chunks(&["?"])).await.expect("appends");
    video.file.sync().await.expect("syncs");
    assert_eq!(env.watch(&video.key).await.as_deref(), Some(&*video.bytes));
    assert_eq!(video.file.read(0..999).await.expect("reads"), video.bytes[..999]);
    drop(video.file);
    env.spool.reopen(video.key.upload, Offset::new(1000)).await.expect("the copy has its name");
}

#[tokio::test]
async fn a_stored_video_is_a_hard_link() {
    let env = StorageEnv::disk().await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    assert_eq!(fs::metadata(video.file.path()).expect("is there").nlink(), 2);
    video.file.remove().expect("removes");
    assert_eq!(env.watch(&video.key).await.as_deref(), Some(&*video.bytes));
}

#[tokio::test]
async fn a_failed_sync_poisons_the_file() {
    let folder = TempDir::new().expect("makes a folder");
    let faults = Faults::scripted(|place| place == "storage.spool.sync");
    let spool = open(folder.path(), faults).expect("opens");
    let mut file = spool.create(fresh(UploadId::mint)).expect("makes");
    file.append(&chunks(&["bytes"])).await.expect("appends");
    let failed = file.sync().await.expect_err("the disk fails");
    assert!(matches!(failed, StorageError::NotDurable { .. }), "{failed:?}");
    assert!(!failed.is_transient());
    file.append(&chunks(&["more"])).await.expect_err("poisoned");
    file.read(0..1).await.expect_err("poisoned");
    file.truncate(Offset::START).await.expect_err("poisoned");
}

#[tokio::test]
async fn a_full_disk_has_its_own_error_and_loses_nothing() {
    let folder = TempDir::new().expect("makes a folder");
    let full = std::sync::atomic::AtomicBool::new(false);
    let faults = Faults::scripted(move |place| {
        // Every other write fails.
        place == "storage.spool.full" && full.fetch_not(std::sync::atomic::Ordering::Relaxed)
    });
    let spool = open(folder.path(), faults).expect("opens");
    let mut file = spool.create(fresh(UploadId::mint)).expect("makes");
    file.append(&chunks(&["bytes"])).await.expect("appends");
    let failed = file.append(&chunks(&["lost"])).await.expect_err("full");
    assert!(matches!(failed, StorageError::Full { .. }), "{failed:?}");
    file.append(&chunks(&[", more"])).await.expect("there is space again");
    file.sync().await.expect("syncs");
    assert_eq!(fs::read(file.path()).expect("reads"), b"bytes, more");
}

#[tokio::test]
async fn a_spool_is_locked_by_one_process() {
    let folder = TempDir::new().expect("makes a folder");
    let first = open(folder.path(), Faults::none()).expect("opens");
    let second = open(folder.path(), Faults::none()).err().expect("is in use");
    assert!(matches!(second, StorageError::SpoolLocked(_)), "{second:?}");
    let id = first.id();
    drop(first);
    let again = open(folder.path(), Faults::none()).expect("is free");
    assert_eq!(again.id(), id, "the folder keeps its id");
}

#[tokio::test]
async fn lists_uploads_and_removes_temporary_files_at_start() {
    let folder = TempDir::new().expect("makes a folder");
    let spool = open(folder.path(), Faults::none()).expect("opens");
    let mut uploads: Vec<UploadId> = (0..3).map(|_| fresh(UploadId::mint)).collect();
    for upload in &uploads {
        spool.create(*upload).expect("makes");
    }
    drop(spool);
    fs::write(folder.path().join(".tmp-left"), b"left by a killed process").expect("writes");
    let spool = open(folder.path(), Faults::none()).expect("opens");
    uploads.sort_unstable();
    assert_eq!(spool.uploads().expect("lists"), uploads);
    assert!(!folder.path().join(".tmp-left").exists());
    spool.remove(uploads[0]).expect("removes");
    spool.remove(uploads[0]).expect("is gone already");
    assert_eq!(spool.uploads().expect("lists"), uploads[1..]);
}

#[tokio::test]
async fn refuses_a_spool_on_another_file_system() {
    let (here, there) = (TempDir::new().expect("makes"), TempDir::new_in("/dev/shm"));
    let Ok(there) = there else { return };
    let device = |folder: &TempDir| fs::metadata(folder.path()).expect("is there").dev();
    if device(&here) == device(&there) {
        return;
    }
    let config = Config { url: format!("file:{}", here.path().display()), s3: s3_defaults() };
    let store = Store::open(&config, b"some secret of links", Faults::none()).await.expect("opens");
    let spool = open(there.path(), Faults::none()).expect("opens");
    let error = store.check_spool(&spool).expect_err("another device");
    assert!(matches!(error, StorageError::CrossDevice { .. }), "{error:?}");
}

#[tokio::test]
async fn a_link_is_valid_until_it_expires() {
    let env = StorageEnv::disk().await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    let (now, ttl) = (env.clock.now(), SignedDuration::from_secs(300));
    let link = env.store.link(&video.key, ttl, "a \"1\".mp4", now).await.expect("a link");
    let signed = link.url.strip_prefix("/media/").expect("our path");
    let opened = env.store.open_link(signed, now).await.expect("opens");
    assert_eq!(opened.headers.length, video.length);
    assert_eq!(opened.headers.etag, format!("\"{}\"", video.key.sha256));
    assert_eq!(opened.headers.content_type, "video/mp4");
    assert!(opened.headers.disposition.starts_with("inline; filename=\"a _1_.mp4\""));
    let almost = link.expires_at - SignedDuration::from_micros(1);
    env.store.open_link(signed, almost).await.expect("still opens");
    let expired = env.store.open_link(signed, link.expires_at).await.err().expect("too old");
    assert!(matches!(expired, LinkError::Expired), "{expired:?}");
}

#[tokio::test]
async fn a_link_with_any_character_changed_is_invalid() {
    let env = StorageEnv::disk().await;
    let video = env.spooled_video(10).await;
    env.put(&video).await.expect("stores");
    let (now, ttl) = (env.clock.now(), SignedDuration::from_secs(300));
    let link = env.store.link(&video.key, ttl, "a.mp4", now).await.expect("a link");
    let signed = link.url.strip_prefix("/media/").expect("our path");
    for at in 0..signed.len() {
        let mut changed = signed.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("text");
        let refused = env.store.open_link(&changed, now).await.err().expect("changed");
        assert!(matches!(refused, LinkError::Invalid), "{at}: {refused:?}");
    }
    for junk in ["", "AAAA", "ä", "../../etc/passwd", &"A".repeat(5000)] {
        let refused = env.store.open_link(junk, now).await.err().expect("junk");
        assert!(matches!(refused, LinkError::Invalid), "{junk}: {refused:?}");
    }
}

#[tokio::test]
async fn a_link_of_another_secret_is_invalid() {
    let env = StorageEnv::disk().await;
    let video = env.spooled_video(10).await;
    let (now, ttl) = (env.clock.now(), SignedDuration::from_secs(300));
    let link = env.store.link(&video.key, ttl, "a.mp4", now).await.expect("a link");
    let url = format!("file:{}", env.folder.path().join("videos").display());
    let config = Config { url, s3: s3_defaults() };
    let other =
        Store::open(&config, b"another secret of links", Faults::none()).await.expect("opens");
    let signed = link.url.strip_prefix("/media/").expect("our path");
    let refused = other.open_link(signed, now).await.err().expect("not its own");
    assert!(matches!(refused, LinkError::Invalid), "{refused:?}");
    let weak = Store::open(&config, b"weak", Faults::none()).await.err().expect("too short");
    assert!(matches!(weak, StorageError::Setting { .. }), "{weak:?}");
}

//! What is special to S3: bad answers, and presigned links.

use forte_media::storage::StorageError;
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::harness::bad_s3::{Act, BadS3};
use crate::harness::s3::Bucket;
use crate::storage::{Rig, browser, segment};

/// A store that misbehaves, and the rig that has to live with it.
async fn before(acts: &[Act]) -> (Rig, BadS3) {
    let bucket = Bucket::fresh().await;
    let bad = BadS3::before(&bucket.endpoint, acts.iter().copied()).await;
    let mut config = bucket.config();
    config.s3.endpoint = Some(bad.endpoint.clone());
    config.s3.answer_timeout = SignedDuration::from_millis(500);
    let folder = TempDir::new().expect("makes a folder");
    (Rig::new(config, Some(bucket), folder).await, bad)
}

/// Stores a video through these acts, looks that it is there, and tells what was asked meanwhile.
async fn stored_through(acts: &[Act]) -> String {
    let (rig, bad) = before(acts).await;
    let video = rig.filled(300_000).await;
    rig.put(&video).await.expect("stores");
    let seen = bad.seen().join(" ");
    assert!(rig.watch(&video.key).await.expect("is there") == video.bytes);
    seen
}

#[tokio::test]
async fn a_good_put_is_one_request() {
    assert_eq!(stored_through(&[]).await, "PUT");
}

#[tokio::test]
async fn a_busy_store_is_asked_again() {
    let busy = Act::Say(503, "SlowDown");
    assert_eq!(stored_through(&[busy, busy, busy]).await, "PUT PUT PUT PUT");
}

#[tokio::test]
async fn a_conflict_is_tried_again() {
    let conflict = Act::Say(409, "ConditionalRequestConflict");
    assert_eq!(stored_through(&[conflict]).await, "PUT PUT");
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_looking() {
    assert_eq!(stored_through(&[Act::CarryOutAndBreak]).await, "PUT HEAD");
}

#[tokio::test]
async fn a_missing_answer_is_settled_by_looking() {
    assert_eq!(stored_through(&[Act::CarryOutAndStall]).await, "PUT HEAD");
}

#[tokio::test]
async fn a_put_that_never_happened_is_done_again() {
    assert_eq!(stored_through(&[Act::Break]).await, "PUT HEAD PUT");
    assert_eq!(stored_through(&[Act::Stall]).await, "PUT HEAD PUT");
}

#[tokio::test]
async fn a_claim_that_it_exists_is_not_believed() {
    let claim = Act::Say(412, "PreconditionFailed");
    assert_eq!(stored_through(&[claim]).await, "PUT HEAD PUT");
}

#[tokio::test]
async fn a_store_that_stays_busy_is_a_passing_trouble() {
    let (rig, bad) = before(&[Act::Say(503, "SlowDown"); 4]).await;
    let video = rig.filled(1000).await;
    let failed = rig.put(&video).await.expect_err("the store is busy");
    assert!(failed.is_transient(), "{failed:?}");
    assert!(std::error::Error::source(&failed).is_some());
    assert_eq!(bad.seen().len(), 4);
    rig.put(&video).await.expect("later it is not");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (rig, bad) = before(&[Act::Say(403, "AccessDenied")]).await;
    let video = rig.filled(1000).await;
    let failed = rig.put(&video).await.expect_err("refused");
    assert!(matches!(failed, StorageError::Refused { .. }), "{failed:?}");
    assert_eq!(bad.seen(), ["PUT"]);
}

#[tokio::test]
async fn a_full_store_is_told_apart() {
    let (rig, _bad) = before(&[Act::Say(507, "XMinioStorageFull")]).await;
    let video = rig.filled(1000).await;
    let failed = rig.put(&video).await.expect_err("full");
    assert!(matches!(failed, StorageError::Full { .. }), "{failed:?}");
}

#[tokio::test]
async fn an_unreachable_store_is_a_passing_trouble() {
    let bucket = Bucket::fresh().await;
    let mut config = bucket.config();
    // Port 9 of the discard protocol: nobody listens.
    config.s3.endpoint = Some("http://127.0.0.1:9".to_owned());
    let folder = TempDir::new().expect("makes a folder");
    let rig = Rig::new(config, None, folder).await;
    let video = rig.filled(1000).await;
    assert!(rig.put(&video).await.expect_err("nobody there").is_transient());
    assert!(rig.store.probe().await.expect_err("nobody there").is_transient());
    let cleared = rig.store.clear(video.key.upload, None).await;
    assert!(cleared.expect_err("nobody there").is_transient());
}

#[tokio::test]
async fn a_broken_fetch_is_tried_again() {
    let (rig, bad) =
        before(&[Act::Pass, Act::Break, Act::Stall, Act::Say(500, "InternalError")]).await;
    let video = rig.filled(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    rig.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    rig.store.fetch_segment(&key, digest, &video.file).await.expect("fetches in the end");
    assert_eq!(bad.seen(), ["PUT", "GET", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn a_link_is_typed_named_and_allows_get_only() {
    let rig = Rig::s3().await;
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    let now = rig.clock.now();
    let ttl = SignedDuration::from_secs(300);
    let link = rig.store.link(&video.key, ttl, "отчёт \"1\".mp4", now).await.expect("a link");
    assert_eq!(link.expires_at, now + ttl);
    let answer = browser().get(&link.url).send().await.expect("answers");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "video/mp4");
    let named = answer.headers()["content-disposition"].to_str().expect("plain text");
    assert!(named.contains("filename*=UTF-8''%D0%BE%D1%82"), "{named}");
    for refused in [browser().put(&link.url), browser().delete(&link.url)] {
        assert_eq!(refused.send().await.expect("answers").status(), 403);
    }
}

#[tokio::test]
async fn a_link_gives_ranges() {
    let rig = Rig::s3().await;
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    let ttl = SignedDuration::from_secs(300);
    let link = rig.store.link(&video.key, ttl, "a.mp4", rig.clock.now()).await.expect("a link");
    let ranged = |range| browser().get(&link.url).header("range", range).send();
    let answer = ranged("bytes=10-19").await.expect("answers");
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.bytes().await.expect("reads"), video.bytes[10..20]);
    assert_eq!(ranged("bytes=5000-").await.expect("answers").status(), 416);
}

#[tokio::test]
async fn a_link_that_is_old_or_changed_opens_nothing() {
    let rig = Rig::s3().await;
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    let (past, ttl) =
        (rig.clock.now() - SignedDuration::from_secs(400), SignedDuration::from_secs(300));
    let old = rig.store.link(&video.key, ttl, "a.mp4", past).await.expect("a link");
    assert_eq!(browser().get(&old.url).send().await.expect("answers").status(), 403);
    let good = rig.store.link(&video.key, ttl, "a.mp4", rig.clock.now()).await.expect("a link");
    let typed = good.url.replace("video%2Fmp4", "text%2Fhtml");
    assert_ne!(typed, good.url);
    assert_eq!(browser().get(&typed).send().await.expect("answers").status(), 403);
}

#[tokio::test]
async fn a_link_is_signed_for_the_public_endpoint() {
    let bucket = Bucket::fresh().await;
    let public = BadS3::before(&bucket.endpoint, []).await;
    let mut config = bucket.config();
    config.s3.public_endpoint = Some(public.endpoint.clone());
    let folder = TempDir::new().expect("makes a folder");
    let rig = Rig::new(config, Some(bucket), folder).await;
    let video = rig.filled(1000).await;
    rig.put(&video).await.expect("stores");
    assert_eq!(public.seen().len(), 0, "the service itself does not go the public way");
    assert_eq!(rig.watch(&video.key).await.as_deref(), Some(&*video.bytes));
    assert_eq!(public.seen(), ["GET"]);
}

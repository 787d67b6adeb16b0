//! S3 only: error responses, and presigned links.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use forte_media::model::Faults;
use forte_media::storage::{Config, S3Config, StorageError, Store};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::harness::s3::{ACCESS_KEY, Bucket, SECRET_KEY, s3_defaults};
use crate::harness::s3_proxy::{Act, S3Proxy};
use crate::storage::{StorageEnv, browser, segment};

/// A store behind a failing proxy, and a spool.
async fn behind_proxy(acts: &[Act]) -> (StorageEnv, S3Proxy) {
    let bucket = Bucket::fresh().await;
    let proxy = S3Proxy::in_front_of(&bucket.endpoint, acts.iter().copied()).await;
    let mut config = bucket.config();
    config.s3.endpoint = Some(proxy.endpoint.clone());
    config.s3.answer_timeout = SignedDuration::from_millis(500);
    let folder = TempDir::new().expect("makes a folder");
    (StorageEnv::new(config, Some(bucket), folder).await, proxy)
}

/// Stores a video through these failures, checks it, and returns the methods of the requests.
async fn requests_to_store(acts: &[Act]) -> String {
    let (env, proxy) = behind_proxy(acts).await;
    let video = env.spooled_video(300_000).await;
    env.put(&video).await.expect("stores");
    let methods = proxy.methods().join(" ");
    assert!(env.watch(&video.key).await.expect("is there") == video.bytes);
    methods
}

#[tokio::test]
async fn a_successful_put_is_one_request() {
    assert_eq!(requests_to_store(&[]).await, "PUT");
}

#[tokio::test]
async fn retries_when_the_store_is_busy() {
    let busy = Act::Respond(503, "SlowDown");
    assert_eq!(requests_to_store(&[busy, busy, busy]).await, "PUT PUT PUT PUT");
}

/// Each time the store compares the bytes with the hash in the signed header.
#[tokio::test]
async fn retries_when_bytes_were_changed_on_the_way_to_the_store() {
    if Bucket::fresh().await.is_real("the stand-in keeps objects with wrong checksums") {
        assert_eq!(requests_to_store(&[Act::FlipSent; 3]).await, "PUT PUT PUT PUT");
    }
}

#[tokio::test]
async fn retries_after_a_conflict() {
    let conflict = Act::Respond(409, "ConditionalRequestConflict");
    assert_eq!(requests_to_store(&[conflict]).await, "PUT PUT");
}

#[tokio::test]
async fn a_lost_response_is_resolved_by_a_head() {
    assert_eq!(requests_to_store(&[Act::ForwardAndClose]).await, "PUT HEAD");
}

#[tokio::test]
async fn a_missing_response_is_resolved_by_a_head() {
    assert_eq!(requests_to_store(&[Act::ForwardAndStall]).await, "PUT HEAD");
}

#[tokio::test]
async fn repeats_a_put_that_did_not_take_effect() {
    assert_eq!(requests_to_store(&[Act::Close]).await, "PUT HEAD PUT");
    assert_eq!(requests_to_store(&[Act::Stall]).await, "PUT HEAD PUT");
}

#[tokio::test]
async fn verifies_an_object_that_is_said_to_exist() {
    let claim = Act::Respond(412, "PreconditionFailed");
    assert_eq!(requests_to_store(&[claim]).await, "PUT HEAD PUT");
}

#[tokio::test]
async fn a_store_that_stays_busy_is_a_transient_error() {
    let (env, proxy) = behind_proxy(&[Act::Respond(503, "SlowDown"); 4]).await;
    let video = env.spooled_video(1000).await;
    let failed = env.put(&video).await.expect_err("the store is busy");
    assert!(failed.is_transient(), "{failed:?}");
    assert!(std::error::Error::source(&failed).is_some());
    assert_eq!(proxy.methods().len(), 4);
    env.put(&video).await.expect("later it is not");
}

#[tokio::test]
async fn does_not_retry_a_refusal() {
    let (env, proxy) = behind_proxy(&[Act::Respond(400, "InvalidArgument")]).await;
    let video = env.spooled_video(1000).await;
    let failed = env.put(&video).await.expect_err("refused");
    assert!(matches!(failed, StorageError::Refused { .. }), "{failed:?}");
    assert_eq!(proxy.methods(), ["PUT"]);
}

/// A segment behind a proxy, and the methods of the requests that fetch it.
async fn fetch_segment(acts: &[Act]) -> (Result<(), StorageError>, String) {
    let (env, proxy) = behind_proxy(&[]).await;
    let video = env.spooled_video(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    env.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    proxy.script(acts.iter().copied());
    let before = proxy.methods().len();
    let file = env.spool.create(key.upload).expect("makes");
    let fetched = env.store.fetch_segment(&key, digest, &file).await;
    if fetched.is_ok() {
        assert!(file.read(0..1000).await.expect("reads") == video.bytes);
    }
    (fetched, proxy.methods()[before..].join(" "))
}

#[tokio::test]
async fn a_segment_that_was_damaged_on_the_way_is_read_again() {
    let (fetched, methods) = fetch_segment(&[Act::Flip]).await;
    fetched.expect("fetches");
    assert_eq!(methods, "GET GET");
}

#[tokio::test]
async fn a_segment_that_seems_to_be_missing_is_looked_for_again() {
    let (fetched, methods) = fetch_segment(&[Act::Respond(404, "NoSuchKey")]).await;
    fetched.expect("fetches");
    assert_eq!(methods, "GET GET");
}

/// Only the store's own checksum is believed.
#[tokio::test]
async fn a_segment_that_the_store_has_is_not_lost_whatever_arrives() {
    let (fetched, methods) = fetch_segment(&[Act::Flip, Act::Flip]).await;
    let failed = fetched.expect_err("is damaged on the way");
    assert!(failed.is_transient(), "{failed:?}");
    assert_eq!(methods, "GET GET HEAD");
}

/// What the operator can mend is not retried at once, and succeeds when it is mended.
#[tokio::test]
async fn each_operator_fixable_failure_has_its_own_error() {
    for (status, code, expected) in [
        (507, "XMinioStorageFull", "no space left"),
        (400, "XMinioAdminBucketQuotaExceeded", "no space left"),
        (403, "QuotaExceeded", "no space left"),
        (403, "AccessDenied", "the store forbids this service to put"),
        (403, "InvalidAccessKeyId", "its keys are wrong or expired"),
        (400, "ExpiredToken", "its keys are wrong or expired"),
        (403, "RequestTimeTooSkewed", "clocks of the store and of this node differ"),
        (404, "NoSuchBucket", "the bucket does not exist"),
    ] {
        let (env, proxy) = behind_proxy(&[Act::Respond(status, code)]).await;
        let video = env.spooled_video(1000).await;
        let failed = env.put(&video).await.expect_err("fails");
        assert!(failed.to_string().contains(expected), "{code}: {failed}");
        assert!(failed.is_transient(), "{code}");
        assert_eq!(proxy.methods(), ["PUT"], "{code}");
        assert_eq!(env.store.last_full().is_some(), expected == "no space left", "{code}");
        env.put(&video).await.expect("it is mended");
        assert_eq!(env.store.last_full(), None, "{code}");
    }
}

#[tokio::test]
async fn an_unreachable_store_is_a_transient_error() {
    let bucket = Bucket::fresh().await;
    let mut config = bucket.config();
    // The port of the discard protocol, which no process listens on.
    config.s3.endpoint = Some("http://127.0.0.1:9".to_owned());
    let folder = TempDir::new().expect("makes a folder");
    let env = StorageEnv::new(config, None, folder).await;
    let video = env.spooled_video(1000).await;
    assert!(env.put(&video).await.expect_err("unreachable").is_transient());
    assert!(env.store.probe().await.expect_err("unreachable").is_transient());
    let cleared = env.store.clear(video.key.upload, None).await;
    assert!(cleared.expect_err("unreachable").is_transient());
}

#[tokio::test]
async fn retries_a_broken_fetch() {
    let (env, proxy) =
        behind_proxy(&[Act::Forward, Act::Close, Act::Stall, Act::Respond(500, "InternalError")])
            .await;
    let video = env.spooled_video(1000).await;
    let (key, digest) = segment(&video, 0, 1000);
    env.store.put_segment(&key, video.file.path(), digest).await.expect("stores");
    env.store.fetch_segment(&key, digest, &video.file).await.expect("fetches in the end");
    assert_eq!(proxy.methods(), ["PUT", "GET", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn a_link_sets_type_and_name_and_allows_only_get() {
    let env = StorageEnv::s3().await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    let now = env.clock.now();
    let ttl = SignedDuration::from_secs(300);
    let link = env.store.link(&video.key, ttl, "отчёт \"1\".mp4", now).await.expect("a link");
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
async fn a_link_supports_ranges() {
    let env = StorageEnv::s3().await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    let ttl = SignedDuration::from_secs(300);
    let link = env.store.link(&video.key, ttl, "a.mp4", env.clock.now()).await.expect("a link");
    let ranged = |range| browser().get(&link.url).header("range", range).send();
    let answer = ranged("bytes=10-19").await.expect("answers");
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.bytes().await.expect("reads"), video.bytes[10..20]);
    assert_eq!(ranged("bytes=5000-").await.expect("answers").status(), 416);
}

#[tokio::test]
async fn an_expired_or_changed_link_is_refused() {
    let env = StorageEnv::s3().await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    let (past, ttl) =
        (env.clock.now() - SignedDuration::from_secs(400), SignedDuration::from_secs(300));
    let old = env.store.link(&video.key, ttl, "a.mp4", past).await.expect("a link");
    assert_eq!(browser().get(&old.url).send().await.expect("answers").status(), 403);
    let good = env.store.link(&video.key, ttl, "a.mp4", env.clock.now()).await.expect("a link");
    let retyped = good.url.replace("video%2Fmp4", "text%2Fhtml");
    assert_ne!(retyped, good.url);
    assert_eq!(browser().get(&retyped).send().await.expect("answers").status(), 403);
}

#[tokio::test]
async fn a_link_is_signed_for_the_public_endpoint() {
    let bucket = Bucket::fresh().await;
    let public = S3Proxy::in_front_of(&bucket.endpoint, []).await;
    let mut config = bucket.config();
    config.s3.public_endpoint = Some(public.endpoint.clone());
    let folder = TempDir::new().expect("makes a folder");
    let env = StorageEnv::new(config, Some(bucket), folder).await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("stores");
    assert_eq!(public.methods().len(), 0, "the service itself does not use the public endpoint");
    assert_eq!(env.watch(&video.key).await.as_deref(), Some(&*video.bytes));
    assert_eq!(public.methods(), ["GET"]);
}

/// A store whose keys are in `file`, read again after 50 ms.
async fn with_keys_in(file: &str, text: &str) -> StorageEnv {
    let bucket = Bucket::fresh().await;
    let folder = TempDir::new().expect("makes a folder");
    let path = folder.path().join(file);
    fs::write(&path, text).expect("writes the keys");
    let mut config = bucket.config();
    config.s3.credentials_file = Some(path);
    StorageEnv::new(config, Some(bucket), folder).await
}

#[tokio::test]
async fn a_replaced_credentials_file_takes_effect() {
    let wrong = "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong-secret\n";
    let env = with_keys_in("keys", wrong).await;
    let video = env.spooled_video(1000).await;
    let failed = env.put(&video).await.expect_err("the keys are wrong");
    assert!(matches!(failed, StorageError::Forbidden { .. }), "{failed:?}");
    let bucket = env.bucket.as_ref().expect("a bucket");
    fs::copy(bucket.credentials_file(), env.folder.path().join("keys")).expect("replaces it");
    tokio::time::sleep(Duration::from_millis(100)).await;
    env.put(&video).await.expect("reads the new keys");
    assert!(env.watch(&video.key).await.is_some(), "links are signed with the new keys");
}

#[tokio::test]
async fn a_credentials_file_may_begin_with_a_byte_order_mark() {
    let keys = format!(
        "\u{feff}[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    );
    let env = with_keys_in("keys", &keys).await;
    let video = env.spooled_video(1000).await;
    env.put(&video).await.expect("reads the keys");
    assert!(env.watch(&video.key).await.is_some(), "links are signed with the keys");
}

#[tokio::test]
async fn a_credentials_file_in_utf_16_is_refused_at_the_start() {
    let folder = TempDir::new().expect("makes a folder");
    let path = folder.path().join("keys");
    fs::write(&path, b"\xFF\xFE[\0d\0").expect("writes the keys");
    let own = S3Config { credentials_file: Some(path.clone()), ..s3_defaults() };
    let of_links = S3Config { link_credentials_file: Some(path.clone()), ..s3_defaults() };
    for (key, s3) in [("credentials_file", own), ("link_credentials_file", of_links)] {
        let config = Config { url: "s3://bucket".to_owned(), s3 };
        let opened = Store::open(&config, b"a secret of links", Faults::none()).await;
        let Err(refused) = opened else { panic!("{key} is accepted") };
        let reason = "it is UTF-16; save it as UTF-8";
        let expected = format!("storage.s3.{key}: {}: {reason}", path.display());
        assert_eq!(refused.to_string(), expected);
    }
}

/// A program that prints temporary keys, with the lifetimes in `lifetimes`, one for each call.
fn temporary_keys(folder: &Path, lifetimes: &[i64]) -> String {
    let now = forte_media::model::Clock::system().now();
    for (call, lifetime) in lifetimes.iter().enumerate() {
        let expiry = now + SignedDuration::from_secs(*lifetime);
        let keys = serde_json::json!({
            "Version": 1,
            "AccessKeyId": ACCESS_KEY,
            "SecretAccessKey": SECRET_KEY,
            "Expiration": format!("{expiry:.0}"),
        });
        fs::write(folder.join(format!("keys-{call}")), keys.to_string()).expect("writes");
    }
    let program = folder.join("print-keys");
    let script = format!(
        "#!/bin/sh\ncd {}\nnext=$(ls keys-* | head -n 1)\ncat $next\n\
         [ $(ls keys-* | wc -l) = 1 ] || rm $next\n",
        folder.display()
    );
    fs::write(&program, script).expect("writes");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("is executable");
    format!("[default]\ncredential_process = {}\n", program.display())
}

#[tokio::test]
async fn a_link_does_not_promise_more_than_its_keys_live() {
    let folder = TempDir::new().expect("makes a folder");
    let env = with_keys_in("keys", &temporary_keys(folder.path(), &[109])).await;
    let video = env.spooled_video(1000).await;
    let (now, ttl) = (env.clock.now(), SignedDuration::from_secs(300));
    let link = env.store.link(&video.key, ttl, "a.mp4", now).await.expect("a link");
    assert!(link.expires_at.duration_since(now) <= SignedDuration::from_secs(109));
    let short = SignedDuration::from_secs(60);
    let link = env.store.link(&video.key, short, "a.mp4", now).await.expect("a link");
    assert_eq!(link.expires_at, now + short);
}

#[tokio::test]
async fn keys_are_renewed_before_they_sign_a_link_that_would_outlive_them() {
    let folder = TempDir::new().expect("makes a folder");
    let env = with_keys_in("keys", &temporary_keys(folder.path(), &[109, 3600])).await;
    let video = env.spooled_video(1000).await;
    let (now, ttl) = (env.clock.now(), SignedDuration::from_secs(300));
    let short = SignedDuration::from_secs(60);
    env.store.link(&video.key, short, "a.mp4", now).await.expect("a link");
    let link = env.store.link(&video.key, ttl, "a.mp4", now).await.expect("a link");
    assert_eq!(link.expires_at, now + ttl);
}

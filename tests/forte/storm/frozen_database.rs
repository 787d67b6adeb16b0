//! The database vanishes without closing its connections, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forte_media::model::Faults;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, sleep, timeout};

use super::assert_submitted;
use super::persistent_client::resume_with_retries;
use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Options, Service, TestEnv};
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::tus;

/// Within this time after the return of the database, everything has finished.
const AFTER_THE_RETURN: Duration = Duration::from_secs(30);

/// A service whose database is behind a proxy, with short limits.
async fn behind_proxy(
    env: TestEnv,
    proxy: &TcpProxy,
    more: &[(&'static str, &str)],
    faults: Faults,
) -> Service {
    let mut url = url::Url::parse(env.db.config.url.expose_secret()).unwrap();
    url.set_ip_host(proxy.address.ip()).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let mut settings = vec![
        ("DATABASE__URL", url.to_string()),
        ("DATABASE__ACQUIRE_TIMEOUT", "300ms".to_owned()),
        ("DATABASE__STATEMENT_TIMEOUT", "300ms".to_owned()),
        ("UPLOAD__FINISH_TRIES_FOR", "500ms".to_owned()),
        ("UPLOAD__HEARTBEAT", "100ms".to_owned()),
    ];
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Service::on(env, "one", Options { settings, faults }).await
}

async fn proxy_before(env: &TestEnv) -> Arc<TcpProxy> {
    let url = url::Url::parse(env.db.config.url.expose_secret()).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    Arc::new(TcpProxy::in_front_of(upstream).await)
}

/// The database vanishes before each step of a finish in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_finish_lost_the_database_is_finished_after_its_return() {
    for place in ["upload.put.before", "upload.put.after", "upload.record.after"] {
        let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
        let proxy = proxy_before(&env).await;
        let (frozen, is_first) = (Arc::clone(&proxy), AtomicBool::new(true));
        let faults = Faults::scripted(move |passed| {
            if passed == place && is_first.swap(false, Ordering::Relaxed) {
                frozen.freeze();
            }
            false
        });
        let service = behind_proxy(env, &proxy, &[], faults).await;
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        let status = tus::patch(&service, &path, 0, GOOD).await.status().as_u16();
        assert!([204, 423, 503].contains(&status), "{place}: {status}");
        assert_eq!(tus::head(&service, &path).await.status(), 423, "{place}");
        proxy.thaw();
        resume_with_retries(&service, &path).await;
        assert_submitted(&service, 1, GOOD).await;
    }
}

/// The tasks of a running process survive: the outbox delivers, the heartbeat goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_recovers_by_itself() {
    let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
    let proxy = proxy_before(&env).await;
    let polls = [("OUTBOX__POLL_EVERY", "100ms"), ("UPLOAD__SWEEP_EVERY", "100ms")];
    let service = behind_proxy(env, &proxy, &polls, Faults::none()).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let router = service.router.clone();
    let served = service.serve();
    proxy.freeze();
    let request = tus::patch_request(&path, 0, GOOD);
    let frozen = crate::harness::service::send(&router, request).await;
    assert_eq!(frozen.status(), 503);
    // Longer than all limits, so that every task has met the frozen database.
    sleep(Duration::from_secs(2)).await;
    proxy.thaw();

    let finished = async {
        loop {
            let head = tus::request("HEAD", &path).body(axum::body::Body::empty()).unwrap();
            let head = crate::harness::service::send(&router, head).await;
            if head.status() == 200 {
                let at = crate::harness::service::header(&head, "upload-offset").parse().unwrap();
                let rest = tus::patch_request(&path, at, &GOOD[at..]);
                if crate::harness::service::send(&router, rest).await.status() == 204 {
                    break;
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        while served.env.receiver.received().is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(AFTER_THE_RETURN, finished).await.expect("it recovers");
    served.shutdown.request();
    served.task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_ends_although_the_database_has_vanished() {
    let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
    let proxy = proxy_before(&env).await;
    let settings = [
        ("HTTP__SHUTDOWN_GRACE", "2s"),
        ("DATABASE__ACQUIRE_TIMEOUT", "60s"),
        ("DATABASE__STATEMENT_TIMEOUT", "60s"),
        ("UPLOAD__FINISH_WAIT", "61s"),
        ("OUTBOX__POLL_EVERY", "10ms"),
        ("UPLOAD__SWEEP_EVERY", "10ms"),
    ];
    let service = behind_proxy(env, &proxy, &settings, Faults::none()).await;
    let served = service.serve();
    let listening = tokio::net::TcpStream::connect(served.address).await;
    listening.unwrap();
    proxy.freeze();
    sleep(Duration::from_millis(200)).await;
    let asked = Instant::now();
    served.shutdown.request();
    served.task.await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

/// No node could send heartbeats in the meantime, so their silence means nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_return_of_the_database_declares_no_node_dead() {
    let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
    let proxy = proxy_before(&env).await;
    let first = behind_proxy(env, &proxy, &[], Faults::none()).await;
    let (second, _) = first.second_node("two", Options::default()).await;
    let locks = first.app.state.uploads.locks();
    locks.heartbeat().await.unwrap();
    proxy.freeze();
    locks.heartbeat().await.unwrap_err();
    first.manual_clock().advance(SignedDuration::from_secs(60));
    proxy.thaw();
    locks.heartbeat().await.unwrap();
    let nodes = first.env.db.number("SELECT COUNT(*) FROM nodes").await;
    drop(second);
    assert_eq!(nodes, 2);
}

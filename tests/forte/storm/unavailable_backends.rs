//! Storage or database is unavailable, slow, or loses responses.

use std::iter::repeat_n;
use std::net::SocketAddr;

use axum::body::Body;
use secrecy::ExposeSecret as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::persistent_client::{resume_with_retries, send_with_retries};
use super::{assert_submitted, count_active, form_request, offset};
use crate::harness::clips::GOOD;
use crate::harness::s3_proxy::{Act, S3Proxy};
use crate::harness::service::{Backend, Options, Service, TestEnv, header};
use crate::harness::tus;

const HALF: usize = GOOD.len() / 2;

/// A service with a faulty proxy before its store.
async fn with_failing_store() -> Option<(Service, S3Proxy)> {
    let env = TestEnv::prepare(Backend::Shared).await?;
    let bad = S3Proxy::in_front_of(&env.bucket.as_ref()?.endpoint, []).await;
    let settings = vec![
        ("STORAGE__S3__ENDPOINT", bad.endpoint.clone()),
        ("STORAGE__S3__FIRST_PAUSE", "5ms".to_owned()),
        ("STORAGE__S3__ANSWER_TIMEOUT", "500ms".to_owned()),
        ("UPLOAD__FINISH_TRIES_FOR", "300ms".to_owned()),
    ];
    let options = Options { settings, ..Options::default() };
    Some((Service::on(env, "one", options).await, bad))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unavailable_store_delays_only_the_last_byte() {
    let Some((service, bad)) = with_failing_store().await else { return };
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..HALF]).await.status(), 204);
    for end in [HALF + 100, GOOD.len()] {
        bad.script(repeat_n(Act::Close, 1_000));
        let at = offset(&service, &path).await;
        let response = tus::patch(&service, &path, at, &GOOD[at..end]).await;
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(offset(&service, &path).await, HALF);
    }
    bad.script([]);
    resume_with_retries(&service, &path).await;
    assert_submitted(&service, 1, GOOD).await;
}

/// Only the final PUT fails: everything but the last byte is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_whose_final_put_fails_can_be_completed_later() {
    let Some((service, bad)) = with_failing_store().await else { return };
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let unavailable = Act::Respond(503, "SlowDown");
    bad.script([unavailable; 4]);
    // Four attempts of the first PUT are refused; the next one and everything after it succeeds.
    let response = tus::patch(&service, &path, 0, GOOD).await;
    assert!([204, 503].contains(&response.status().as_u16()));
    bad.script([]);
    resume_with_retries(&service, &path).await;
    assert_submitted(&service, 1, GOOD).await;
}

/// Unclear responses are resolved by HEAD.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_hide_failures_and_lost_responses_of_the_store() {
    let Some((service, bad)) = with_failing_store().await else { return };
    let acts = [
        vec![Act::Respond(503, "SlowDown")],
        vec![Act::Respond(503, "SlowDown"); 3],
        vec![Act::ForwardAndClose],
        vec![Act::ForwardAndStall],
        vec![Act::Close],
        vec![Act::Stall],
        vec![Act::Respond(409, "ConditionalRequestConflict")],
    ];
    let count = acts.len() * 2;
    for acts in acts {
        for first in [GOOD.len(), HALF] {
            let path = tus::create(&service, service.report().await, GOOD.len()).await;
            bad.script(acts.clone());
            let response = tus::patch(&service, &path, 0, &GOOD[..first]).await;
            assert_eq!(response.status(), 204, "{acts:?}");
            if first < GOOD.len() {
                bad.script(acts.clone());
                let response = tus::patch(&service, &path, first, &GOOD[first..]).await;
                assert_eq!(response.status(), 204, "{acts:?}");
            }
        }
    }
    assert_submitted(&service, count, GOOD).await;
}

/// Fails 25 forms, more than a person may have open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_could_not_be_stored_are_not_counted_as_open() {
    let Some((service, bad)) = with_failing_store().await else { return };
    let report = service.report().await;
    for _ in 0..25 {
        bad.script(repeat_n(Act::Close, 1_000));
        let response = service.send(form_request(&service, report, GOOD)).await;
        assert_eq!(response.status(), 503);
        assert_eq!(count_active(&service).await, 0);
    }
    bad.script([]);
    assert_eq!(service.send(form_request(&service, report, GOOD)).await.status(), 201);
    assert_submitted(&service, 1, GOOD).await;
}

/// A proxy between the service and its database, until it is dropped.
struct DatabaseProxy {
    address: SocketAddr,
    is_up: watch::Sender<bool>,
    _server: AbortOnDropHandle<()>,
}

impl DatabaseProxy {
    async fn to(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let up = watch::Sender::new(true);
        let state = up.clone();
        let serving = async move {
            let tasks = TaskTracker::new();
            while let Ok((near, _)) = listener.accept().await {
                tasks.spawn(carry(near, upstream.clone(), state.subscribe()));
            }
        };
        let server = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { address, is_up: up, _server: server }
    }

    /// Closes all connections, and new ones while it is down.
    fn set_up(&self, up: bool) {
        self.is_up.send_replace(up);
    }
}

async fn carry(mut near: TcpStream, upstream: String, mut up: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(upstream).await else { return };
    tokio::select! {
        _ = up.wait_for(|up| !up) => {}
        _ = copy_bidirectional(&mut near, &mut far) => {}
    }
}

/// A service with a proxy before its database.
async fn with_database_proxy() -> Option<(Service, DatabaseProxy)> {
    let env = TestEnv::prepare(Backend::Shared).await?;
    let mut url = url::Url::parse(env.db.config.url.expose_secret()).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = DatabaseProxy::to(upstream).await;
    url.set_ip_host(proxy.address.ip()).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let settings = vec![
        ("DATABASE__URL", url.to_string()),
        ("DATABASE__ACQUIRE_TIMEOUT", "300ms".to_owned()),
        ("UPLOAD__FINISH_TRIES_FOR", "300ms".to_owned()),
    ];
    let options = Options { settings, ..Options::default() };
    Some((Service::on(env, "one", options).await, proxy))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_retry_while_the_database_is_unavailable() {
    let Some((service, proxy)) = with_database_proxy().await else { return };
    let report = service.report().await;
    let path = tus::create(&service, report, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..HALF]).await.status(), 204);
    proxy.set_up(false);
    let response = tus::head(&service, &path).await;
    assert_eq!(response.status(), 423);
    assert!(response.headers().contains_key("retry-after"));
    let response = tus::patch(&service, &path, HALF, &GOOD[HALF..]).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(service.send(form_request(&service, report, GOOD)).await.status(), 503);
    proxy.set_up(true);
    resume_with_retries(&service, &path).await;
    assert_submitted(&service, 1, GOOD).await;
}

/// Connections break at any moment, also during a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_database_connections_lose_nothing() {
    let Some((service, proxy)) = with_database_proxy().await else { return };
    let uploads = async {
        for _ in 0..20 {
            let path = create_with_retries(&service).await;
            resume_despite_locks(&service, &path).await;
        }
    };
    let breaking = async {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(31)).await;
            proxy.set_up(false);
            proxy.set_up(true);
        }
    };
    tokio::select! {
        () = uploads => {}
        () = breaking => {}
    }
    send_with_retries(&service, service.report().await).await;
    assert_submitted(&service, 21, GOOD).await;
}

async fn create_with_retries(service: &Service) -> String {
    let report = service.report().await;
    for _ in 0..20 {
        let creation = tus::creation(service, report, GOOD.len());
        let response = service.send(creation.body(Body::empty()).unwrap()).await;
        if response.status() == 201 {
            return tus::path_of(header(&response, "location"));
        }
        assert_eq!(response.status(), 503);
    }
    panic!("gave up");
}

/// As [`resume_with_retries`], but retries HEAD as well: after a pause, because an upload that is being
/// finished is answered 423 at once.
async fn resume_despite_locks(service: &Service, path: &str) {
    for _ in 0..1_000 {
        let response = tus::head(service, path).await;
        if response.status() == 423 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        }
        assert_eq!(response.status(), 200);
        let offset = header(&response, "upload-offset");
        let offset: usize = offset.parse().unwrap();
        if offset == GOOD.len() {
            return;
        }
        let end = GOOD.len().min(offset + GOOD.len() / 3);
        tus::patch(service, path, offset, &GOOD[offset..end]).await;
    }
    panic!("gave up");
}

//! `/readyz` for load balancers, `/status` for people and alerts.

use jiff::SignedDuration;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

use crate::harness::clips::GOOD;
use crate::harness::receiver::Reply;
use crate::harness::s3_proxy::{Act, S3Proxy};
use crate::harness::service::{Backend, Options, Served, Service, TestEnv, send};
use crate::harness::tus;

/// Every poll checks again.
const ALWAYS: (&str, &str) = ("OPS__STATUS_EVERY", "1ns");

/// Within this time the service has accepted a connection and read a request head.
const UNTIL_SERVED: Duration = Duration::from_millis(500);

async fn get(served: &Served, path: &str) -> (u16, Value) {
    let response = reqwest::get(format!("http://{}{path}", served.ops)).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The names of the failing checks, with their causes.
async fn failures(served: &Served) -> Vec<(String, String)> {
    let (status, page) = get(served, "/status").await;
    assert_eq!(page["checks"].as_object().unwrap().len(), 8, "{page}");
    let failed = page["checks"].as_object().unwrap().iter();
    let failed = failed.filter(|(_, check)| check["ok"] == false);
    let failed: Vec<_> = failed
        .map(|(name, check)| (name.clone(), check["cause"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(status, if failed.is_empty() { 200 } else { 503 });
    assert_eq!(page["ok"], failed.is_empty());
    failed
}

/// Asserts that exactly this check fails, and that the node stays in the load balancer.
async fn assert_fails(served: &Served, name: &str, cause: &str) {
    let failed = failures(served).await;
    assert!(failed.len() == 1 && failed[0].0 == name, "{failed:?}");
    assert!(failed[0].1.contains(cause), "{failed:?}");
    assert_eq!(get(served, "/readyz").await.0, 200);
}

async fn shared(settings: &[(&'static str, String)]) -> Option<Service> {
    let mut settings = settings.to_vec();
    settings.push((ALWAYS.0, ALWAYS.1.to_owned()));
    Service::start_with(Backend::Shared, Options { settings, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_is_200_when_every_check_passes() {
    let served = Service::embedded_with(&[ALWAYS]).await.serve();
    assert_eq!(failures(&served).await, []);
    assert_eq!(get(&served, "/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_became_read_only_fails_the_status_only() {
    let Some(service) = shared(&[]).await else { return };
    let served = service.serve();
    assert_eq!(failures(&served).await, []);
    served.env.db.set_read_only(true).await;
    served.env.db.end_sessions().await;
    assert_fails(&served, "database", "read-only").await;
    served.env.db.set_read_only(false).await;
    served.env.db.end_sessions().await;
    assert_eq!(failures(&served).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_quota_is_507_and_fails_the_status() {
    let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
    let proxy = S3Proxy::in_front_of(&env.bucket.as_ref().unwrap().endpoint, []).await;
    let settings = vec![
        ("STORAGE__S3__ENDPOINT", proxy.endpoint.clone()),
        ("UPLOAD__FINISH_TRIES_FOR", "1ms".to_owned()),
        (ALWAYS.0, ALWAYS.1.to_owned()),
    ];
    let service = Service::on(env, "one", Options { settings, ..Options::default() }).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let router = service.router.clone();
    let served = service.serve();
    proxy.script([Act::Respond(400, "XMinioAdminBucketQuotaExceeded"); 100]);
    let full = send(&router, tus::patch_request(&path, 0, GOOD)).await;
    assert_eq!(full.status(), 507);
    assert_fails(&served, "quota", "no space left").await;
    proxy.script([]);
    let head = tus::request("HEAD", &path).body(axum::body::Body::empty()).unwrap();
    let head = send(&router, head).await;
    let at = crate::harness::service::header(&head, "upload-offset").parse::<usize>().unwrap();
    let rest = send(&router, tus::patch_request(&path, at, &GOOD[at..])).await;
    assert_eq!(rest.status(), 204);
    assert_eq!(failures(&served).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_bucket_and_a_wrong_clock_are_named() {
    let Some(service) = shared(&[("STORAGE__URL", "s3://no-such-bucket".to_owned())]).await else {
        return;
    };
    let clock = service.manual_clock().clone();
    let served = service.serve();
    assert_fails(&served, "store", "bucket does not exist").await;
    clock.advance(SignedDuration::from_mins(10));
    let failed = failures(&served).await;
    assert!(failed.iter().any(|(name, cause)| name == "clock" && cause.contains("the clock of")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_mail_server_fails_the_status() {
    // The port of the discard protocol, which no process listens on.
    let settings =
        [ALWAYS, ("MAIL__HOST", "127.0.0.1"), ("MAIL__PORT", "9"), ("MAIL__TLS", "none")];
    let served = Service::embedded_with(&settings).await.serve();
    assert_fails(&served, "mail", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_for_long_fails_the_status() {
    let service = Service::embedded_with(&[ALWAYS]).await;
    service.env.receiver.script([Reply::Status(503)]);
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    service.deliver().await;
    let clock = service.manual_clock().clone();
    let served = service.serve();
    assert_eq!(failures(&served).await, []);
    clock.advance(SignedDuration::from_hours(2));
    assert_fails(&served, "outbox", "webhook").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_write_its_spool_is_not_ready() {
    let service = Service::embedded_with(&[]).await;
    let spool = service.app.settings.upload.spool.clone();
    let served = service.serve();
    std::fs::remove_dir_all(spool).unwrap();
    let (status, page) = get(&served, "/readyz").await;
    assert_eq!(status, 503);
    assert!(page["failures"]["spool"].as_str().unwrap().contains("could not write"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_node_is_not_ready() {
    let service = Service::embedded_with(&[]).await;
    let token = service.driver();
    let served = service.serve();
    let mut busy = TcpStream::connect(served.address).await.unwrap();
    let unfinished = format!(
        "POST /reports/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"lat\"\r\n\r\n43"
    );
    busy.write_all(unfinished.as_bytes()).await.unwrap();
    sleep(UNTIL_SERVED).await;
    served.shutdown.request();
    let (status, page) = get(&served, "/readyz").await;
    assert_eq!((status, page["failures"]["service"].as_str()), (503, Some("is shutting down")));
    drop(busy);
    served.task.await.unwrap();
}

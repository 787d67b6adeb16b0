//! The videos of submissions, downloaded through the service or by link.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Request, Response};
use forte_media::model::Faults;
use http_body_util::BodyExt as _;

use super::{PATH, with_submissions};
use crate::harness::account::{self, get};
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Options, Service, header, json, on_both_backends};

on_both_backends!(a_video_is_downloaded_completely_in_ranges_and_by_link,);

/// Submits one video and returns the path of its file.
async fn submitted_file(service: &Service) -> String {
    with_submissions(service, 1).await;
    let page = json(get(service, PATH).await).await;
    format!("{PATH}/{}/file", page["submissions"][0]["submission_id"].as_str().unwrap())
}

async fn sent(service: &Service, builder: Builder) -> Response<Body> {
    service.send(builder.body(Body::empty()).unwrap()).await
}

async fn bytes(answer: Response<Body>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

async fn custody(service: &Service, action: &'static str) -> i64 {
    let (fetched, linked) = (
        "SELECT CAST(COALESCE(SUM(views), 0) AS BIGINT) FROM custody \
         WHERE actor = 'exchange:office-1c' AND action = 'fetched'",
        "SELECT CAST(COALESCE(SUM(views), 0) AS BIGINT) FROM custody \
         WHERE actor = 'exchange:office-1c' AND action = 'linked'",
    );
    service.env.db.number(if action == "fetched" { fetched } else { linked }).await
}

/// E12, S24, S55, S59: ranges, `ETag`s, HEAD, a link; each delivery is counted in a custody entry.
async fn a_video_is_downloaded_completely_in_ranges_and_by_link(service: Service) {
    let path = submitted_file(&service).await;
    let whole = get(&service, &path).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(header(&whole, "content-type"), "video/mp4");
    assert_eq!(header(&whole, "content-length"), GOOD.len().to_string());
    assert!(header(&whole, "cache-control").contains("private"));
    let etag = header(&whole, "etag").to_owned();
    assert_eq!(bytes(whole).await, GOOD);
    let ranged = account::request("GET", &path).header("Range", "bytes=100-1099");
    let part = sent(&service, ranged).await;
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), format!("bytes 100-1099/{}", GOOD.len()));
    assert_eq!(bytes(part).await, GOOD[100..1100]);
    let rest = account::request("GET", &path).header("Range", "bytes=1100-");
    assert_eq!(bytes(sent(&service, rest).await).await, GOOD[1100..]);
    assert_eq!(custody(&service, "fetched").await, 3);
    let head = sent(&service, account::request("HEAD", &path)).await;
    assert_eq!(header(&head, "content-length"), GOOD.len().to_string());
    assert!(bytes(head).await.is_empty());
    let known = account::request("GET", &path).header("If-None-Match", &etag);
    assert_eq!(sent(&service, known).await.status(), 304);
    let beyond = account::request("GET", &path).header("Range", "bytes=99999999-");
    problem(sent(&service, beyond).await, 416, "validation_failed").await;
    assert_eq!(custody(&service, "fetched").await, 3, "nothing was delivered");
    let addresses = [format!("{path}?mode=url"), path.replace("/file", "/link")];
    for (address, linked) in addresses.iter().zip(1..) {
        let link = json(get(&service, address).await).await;
        assert_eq!(custody(&service, "linked").await, linked);
        assert_eq!(by_link(&service, link["url"].as_str().unwrap()).await, GOOD);
    }
    let mode = get(&service, &format!("{path}?mode=ftp")).await;
    problem(mode, 400, "validation_failed").await;
}

/// Opens a link without credentials.
async fn by_link(service: &Service, url: &str) -> Bytes {
    if let Some((_, signed)) = url.split_once("/media/") {
        return bytes(sent(service, Request::get(format!("/media/{signed}"))).await).await;
    }
    let client = reqwest::Client::builder().build().unwrap();
    client.get(url).send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap()
}

/// F10
#[tokio::test]
async fn an_unavailable_store_is_a_503() {
    let unavailable = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&unavailable);
    let fails = move |place: &str| place == "storage.read_video.before" && flag.load(SeqCst);
    let options = Options { faults: Faults::scripted(fails), ..Options::default() };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let path = submitted_file(&service).await;
    unavailable.store(true, SeqCst);
    let answer = get(&service, &path).await;
    assert_eq!(header(&answer, "retry-after"), "5");
    problem(answer, 503, "storage_unavailable").await;
    unavailable.store(false, SeqCst);
    assert_eq!(get(&service, &path).await.status(), 200);
}

/// Beyond the limit the response has a `Retry-After`, so slow clients cannot use all resources.
#[tokio::test]
async fn concurrent_downloads_are_limited() {
    let service = Service::embedded_with(&[("PLAYBACK__DOWNLOADS", "1")]).await;
    let path = submitted_file(&service).await;
    let first = get(&service, &path).await;
    assert_eq!(first.status(), 200);
    let second = get(&service, &path).await;
    assert_eq!(header(&second, "retry-after"), "5");
    problem(second, 503, "busy").await;
    drop(first);
    assert_eq!(get(&service, &path).await.status(), 200);
}

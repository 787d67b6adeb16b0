//! The limit of open uploads per person.

use axum::body::Body;
use axum::http::Response;
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::harness::answers::tus_problem;
use crate::harness::bodies::paused;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::service::{Backend, Options, Service, header};
use crate::harness::tus::{self, create, creation, head, offset, patch};

/// A service on both backends, with a limit of open uploads.
async fn with_limit(limit: &str) -> Vec<Service> {
    let mut services = Vec::new();
    for backend in [Backend::Embedded, Backend::Shared] {
        let settings = vec![("UPLOAD__MAX_OPEN_PER_PERSON", limit.to_owned())];
        let options = Options { settings, ..Options::default() };
        services.extend(Service::start_with(backend, options).await);
    }
    services
}

async fn try_create(service: &Service) -> Response<Body> {
    let creation = creation(service, service.report().await, GOOD.len());
    service.send(creation.body(Body::empty()).unwrap()).await
}

async fn count_open(service: &Service) -> u64 {
    let driver = service.env.fixture.driver.id;
    service.database().count_active_uploads(driver).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_limit_the_least_recently_active_upload_ends() {
    for service in with_limit("3").await {
        let mut paths = Vec::new();
        for _ in 0..3 {
            service.manual_clock().advance(SignedDuration::from_mins(1));
            paths.push(create(&service, service.report().await, GOOD.len()).await);
        }
        assert_eq!(patch(&service, &paths[1], 0, &GOOD[..50]).await.status(), 204);
        service.manual_clock().advance(SignedDuration::from_mins(1));
        assert_eq!(patch(&service, &paths[2], 0, &GOOD[..70]).await.status(), 204);
        service.manual_clock().advance(SignedDuration::from_mins(1));
        assert_eq!(patch(&service, &paths[0], 0, &GOOD[..100]).await.status(), 204);
        assert_eq!(try_create(&service).await.status(), 201);
        assert_eq!(head(&service, &paths[1]).await.status(), 404, "it was the least active one");
        assert_eq!(offset(&service, &paths[0]).await, 100);
        assert_eq!(offset(&service, &paths[2]).await, 70);
        assert_eq!(count_open(&service).await, 3);
        service.drain_and_sweep().await;
        let ended = paths[1].split(['/', '.']).nth(2).unwrap();
        let files = service.remaining_files().await;
        assert!(!files.iter().any(|name| name.contains(ended)), "{ended} is left: {files:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_upload_whose_writer_is_silent_ends_when_all_have_writers() {
    for service in with_limit("1").await {
        let path = create(&service, service.report().await, GOOD.len()).await;
        // So long that the service does not wait for more before it writes them.
        let first = 16 * 1024;
        let (body, taken, _go_on) = paused(&GOOD[..first], &GOOD[first..]);
        let (interrupted, ()) = tokio::join!(patch(&service, &path, 0, body), async {
            taken.await.unwrap();
            service.manual_clock().advance(SignedDuration::from_secs(4));
            let refused = try_create(&service).await;
            assert_eq!(header(&refused, "retry-after"), "7", "10 s after its last byte");
            tus_problem(refused, 429, "rate_limited").await;
            service.manual_clock().advance(SignedDuration::from_secs(6));
            assert_eq!(try_create(&service).await.status(), 201);
        });
        tus_problem(interrupted, 423, "upload_locked").await;
        assert_eq!(head(&service, &path).await.status(), 404);
        assert_eq!(count_open(&service).await, 1);
    }
}

/// The count and the insertion are one transaction, at both protocols.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_creations_do_not_exceed_the_limit() {
    for service in with_limit("5").await {
        let answers = join_all((0..60).map(|_| try_create(&service))).await;
        assert!(answers.iter().all(|answer| answer.status() == 201));
        assert_eq!(count_open(&service).await, 5);
        let form = Form::of(service.report().await).file(GOOD);
        let forms = (0..30).map(|_| form::send(&service, form.clone().done()));
        for answer in join_all(forms).await {
            assert!([201, 429].contains(&answer.status().as_u16()), "{answer:?}");
        }
        assert!(count_open(&service).await <= 5);
    }
}

/// Twenty abandoned uploads must not keep a driver out.
#[tokio::test]
async fn abandoned_uploads_do_not_lock_a_driver_out() {
    let service = Service::embedded().await;
    for _ in 0..30 {
        create(&service, service.report().await, GOOD.len()).await;
    }
    let path = create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
}

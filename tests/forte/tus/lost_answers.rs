//! Creations that fail or whose answer is lost.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Builder;
use axum::middleware::{self, Next};
use axum::response::Response;
use forte_media::http::server::serve;
use forte_media::model::Faults;
use jiff::SignedDuration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::answers::problem;
use crate::harness::bodies::cut;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::service::{Backend, Options, Service, header, on_both_backends};
use crate::harness::tus::{self, creation, offset, patch, path_of};

on_both_backends! {
    a_cut_creation_can_be_continued,
    an_upload_whose_address_nobody_knows_ends,
    an_upload_ends_if_the_client_has_gone_before_the_response_was_written,
}

fn with_content_type(builder: Builder) -> Builder {
    builder.header("Content-Type", "application/offset+octet-stream")
}

async fn a_cut_creation_can_be_continued(service: Service) {
    let half = GOOD.len() / 2;
    let creation = creation(&service, service.report().await, GOOD.len());
    let answer = service.send(with_content_type(creation).body(cut(&GOOD[..half])).unwrap()).await;
    assert_eq!(header(&answer, "upload-offset"), half.to_string());
    let path = path_of(header(&answer, "location"));
    problem(answer, 503, "body_cut").await;
    assert_eq!(patch(&service, &path, half, &GOOD[half..]).await.status(), 204);
}

/// The lease of the creation is still in the name of a node when that is declared dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_creation_with_an_address_survives_its_node() {
    survives_its_node(&["storage.spool.write", "upload.lease.release"]).await;
}

/// The row names the node from the beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_that_has_failed_before_its_lease_survives_its_node() {
    survives_its_node(&["upload.lease.acquire"]).await;
}

async fn survives_its_node(fails: &'static [&'static str]) {
    let faults = Faults::scripted(move |place| fails.contains(&place));
    let options = Options { faults, ..Options::default() };
    let Some(first) = Service::start_with(Backend::Shared, options).await else { return };
    let (second, _) = first.second_node("two", Options::default()).await;
    let creation = creation(&first, first.report().await, GOOD.len());
    let answer = first.send(with_content_type(creation).body(GOOD.into()).unwrap()).await;
    let path = path_of(header(&answer, "location"));
    assert_eq!(answer.status(), 503);

    second.state.uploads.locks().heartbeat().await.unwrap();
    first.manual_clock().advance(SignedDuration::from_secs(11));
    second.state.uploads.locks().heartbeat().await.unwrap();
    let request = tus::request("HEAD", &path).body(Body::empty()).unwrap();
    let head = crate::harness::service::send(&second.router(), request).await;
    assert_eq!(head.status(), 200);
    let rest = tus::patch_request(&path, 0, GOOD);
    let stored = crate::harness::service::send(&second.router(), rest).await;
    assert_eq!(stored.status(), 204);
}

/// The database is away, so the death of the node would end the upload.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_creation_answers_no_address_that_may_end() {
    let fails = ["storage.spool.write", "upload.lease.release", "upload.reveal.before"];
    let faults = Faults::scripted(move |place| fails.contains(&place));
    let options = Options { faults, ..Options::default() };
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    let creation = creation(&service, service.report().await, GOOD.len());
    let answer = service.send(with_content_type(creation).body(GOOD.into()).unwrap()).await;
    assert_eq!(answer.status(), 503);
    assert!(!answer.headers().contains_key("location"));
}

/// Neither its row nor its lease stays behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_creation_without_an_address_ends() {
    let fails = ["upload.lease.acquire", "upload.reveal.before"];
    let faults = Faults::scripted(move |place| fails.contains(&place));
    let options = Options { faults, ..Options::default() };
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    let creation = creation(&service, service.report().await, GOOD.len());
    let answer = service.send(with_content_type(creation).body(GOOD.into()).unwrap()).await;
    assert!(!answer.headers().contains_key("location"));
    service.drain_and_sweep().await;
    let active = || service.database().count_active_uploads(service.env.fixture.driver.id);
    assert_eq!(active().await.unwrap(), 1, "its request may still go on");
    service.manual_clock().advance(SignedDuration::from_mins(1));
    service.assert_nothing_left().await;
    assert_eq!(active().await.unwrap(), 0);
}

/// Other nodes end what only a dead node could continue: here at once, by a trigger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_on_a_node_that_was_declared_dead_can_be_repeated() {
    let service = Service::embedded().await;
    let ending = "CREATE TRIGGER ending AFTER INSERT ON uploads BEGIN UPDATE uploads \
        SET state = 'expired', holder = '', fence = 1 WHERE id = NEW.id; END";
    service.env.db.execute(ending).await;
    let report = service.report().await;
    let creation = with_content_type(creation(&service, report, GOOD.len()));
    let by_tus = service.send(creation.body(GOOD.into()).unwrap()).await;
    let by_form = form::send(&service, Form::of(report).file(GOOD).done()).await;
    for answer in [by_tus, by_form] {
        assert!(!answer.headers().contains_key("location"));
        assert!(answer.headers().contains_key("retry-after"));
        problem(answer, 503, "storage_unavailable").await;
    }
}

/// The server calls this when it could not send the response to a creation.
async fn an_upload_whose_address_nobody_knows_ends(service: Service) {
    let uploads = service.app.state.uploads.clone();
    let half = GOOD.len() / 2;
    let empty = creation(&service, service.report().await, GOOD.len());
    let begun = creation(&service, service.report().await, GOOD.len());
    for request in [
        empty.body(Body::empty()).unwrap(),
        with_content_type(begun).body(GOOD[..half].into()).unwrap(),
    ] {
        let path = path_of(header(&service.send(request).await, "location"));
        uploads.end_unreachable(tus::id_of(&path));
    }
    service.assert_nothing_left().await;
    assert_eq!(
        service.database().count_active_uploads(service.env.fixture.driver.id).await.unwrap(),
        0
    );

    let used = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(patch(&service, &used, 0, &GOOD[..half]).await.status(), 204);
    uploads.end_unreachable(tus::id_of(&used));
    service.drain_and_sweep().await;
    assert_eq!(offset(&service, &used).await, half);
}

/// Responses that have been made and must not be written yet.
struct HeldResponses {
    /// Gets a permit for each response.
    reached: Semaphore,
    /// A response needs a permit of this to be written.
    released: Semaphore,
}

async fn hold(State(held): State<Arc<HeldResponses>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    assert_eq!(response.status(), 201);
    held.reached.add_permits(1);
    held.released.acquire().await.unwrap().forget();
    response
}

/// Sends a request to the real server, and resets the connection before the response is written.
async fn lose_response(service: &Service, request: &[u8]) {
    let held = Arc::new(HeldResponses { reached: Semaphore::new(0), released: Semaphore::new(0) });
    let router = service.router.clone();
    let router = router.layer(middleware::from_fn_with_state(Arc::clone(&held), hold));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (config, shutdown) = (service.app.settings.http.clone(), CancellationToken::new());
    let served = TaskTracker::new().spawn(serve(listener, router, config, shutdown.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(request).await.unwrap();
    let reached = timeout(Duration::from_mins(1), held.reached.acquire()).await;
    reached.expect("the upload is created").unwrap().forget();
    client.set_zero_linger().unwrap();
    drop(client);
    held.released.add_permits(1);
    shutdown.cancel();
    served.await.unwrap().unwrap();
}

/// Through the real accept loop, which notices that it could not write the response.
async fn an_upload_ends_if_the_client_has_gone_before_the_response_was_written(service: Service) {
    let active = || service.database().count_active_uploads(service.env.fixture.driver.id);
    let half = &GOOD[..GOOD.len() / 2];
    for body in [&[][..], half] {
        let metadata = tus::metadata(service.report().await);
        let head = format!(
            "POST /uploads HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n\
             Authorization: Bearer {}\r\nUpload-Length: {}\r\nUpload-Metadata: {metadata}\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
            service.driver(),
            GOOD.len(),
            body.len(),
        );
        lose_response(&service, &[head.as_bytes(), body].concat()).await;
        service.assert_nothing_left().await;
        assert_eq!(active().await.unwrap(), 0, "{} bytes were sent", body.len());
    }
}

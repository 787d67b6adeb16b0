//! A film link uploads the video of its report, and the submission names the link's issuer.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::RefKey;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Film, director, exchange_as, issued, open, secret, send};
use crate::harness::account;
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::service::{Service, header, json as body_of, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    a_link_uploads_only_for_its_report,
    the_submission_names_the_issuer_and_the_stated_driver,
    a_second_driver_with_the_link_does_not_rename_the_first,
    an_upload_ends_when_its_link_is_revoked,
    an_upload_ends_when_its_link_expires,
}

async fn creation(service: &Service, film: &Film, report: RefKey) -> Response<Body> {
    let request = tus::request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", film.token))
        .header("Upload-Length", GOOD.len())
        .header("Upload-Metadata", tus::metadata(report));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// Creates an upload with a link's token and returns its path.
async fn create(service: &Service, film: &Film, report: RefKey) -> String {
    let response = creation(service, film, report).await;
    assert_eq!(response.status(), 201);
    tus::path_of(header(&response, "location"))
}

async fn film(service: &Service, report: RefKey) -> Film {
    let director = director(service).await;
    open(service, &issued(service, report, &director).await).await
}

async fn a_link_uploads_only_for_its_report(service: Service) {
    let (report, other) = (service.report().await, service.report().await);
    let film = film(&service, report).await;
    problem(creation(&service, &film, other).await, 404, "not_found").await;
    let path = create(&service, &film, report).await;
    // A token of another caller does not open the upload.
    assert_eq!(tus::by_owner(&service, "GET", &path).await.status(), 404);
    assert_eq!(tus::offset(&service, &path).await, 0);
    let ended = tus::request("DELETE", &path)
        .header("Authorization", format!("Bearer {}", film.token))
        .body(Body::empty());
    assert_eq!(service.send(ended.unwrap()).await.status(), 204);
}

async fn the_submission_names_the_issuer_and_the_stated_driver(service: Service) {
    let report = service.report().await;
    let film = film(&service, report).await;
    let path = create(&service, &film, report).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    let sender = json!({ "issuer": "person:7", "name": "Айбек", "mobile": "+7 701 000 00 01" });

    account::add_node(&service, account::NODE).await;
    let page = body_of(account::get(&service, "/1c/v1/submissions").await).await;
    assert_eq!(page["submissions"][0]["film_link"], sender, "{page}");
    service.deliver().await;
    let event: Value = serde_json::from_str(&service.env.receiver.received()[0].body).unwrap();
    assert_eq!(event["data"]["film_link"], sender, "{event}");
    let receipt = service.env.db.rows("SELECT body FROM receipts").await.concat();
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(
        (&receipt["person_id"], &receipt["film_link_issuer"]),
        (&json!(null), &json!("person:7"))
    );
    let custody = service.env.db.rows("SELECT actor FROM custody WHERE action = 'stored'").await;
    assert_eq!(custody, ["film-link:1"]);

    let leasing = &service.app.state.leasing;
    let driver = service.env.fixture.driver;
    assert_eq!(leasing.reports_sent(&driver).await.unwrap()[0].ref_key, report);
}

async fn a_second_driver_with_the_link_does_not_rename_the_first(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let link = issued(&service, report, &director).await;
    let first = open(&service, &link).await;
    let path = create(&service, &first, report).await;
    let second = exchange_as(&service, &secret(&link), ("Болат", "+7 701 000 00 02")).await;
    assert_eq!(body_of(second).await["data"]["name"], "Болат");
    let request = Request::post("/drive/token")
        .header("Cookie", &first.cookie)
        .header("X-CSRF-Token", &first.csrf);
    let token = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(body_of(token).await["data"]["name"], "Айбек");
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    let sender = service.env.db.rows("SELECT link_name, link_mobile FROM submissions").await;
    assert_eq!(sender, ["Айбек|+7 701 000 00 01"]);
}

async fn an_upload_ends_when_its_link_is_revoked(service: Service) {
    let report = service.report().await;
    let film = film(&service, report).await;
    let path = create(&service, &film, report).await;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..1_000]).await.status(), 204);
    let director = director(&service).await;
    send(&service, "DELETE", report, &director, &json!({})).await;
    assert_eq!(tus::head(&service, &path).await.status(), 404);
    assert_eq!(tus::patch(&service, &path, 1_000, &GOOD[1_000..]).await.status(), 404);
}

async fn an_upload_ends_when_its_link_expires(service: Service) {
    let report = service.report().await;
    let director = director(&service).await;
    let body = json!({ "valid_for_hours": 2 });
    let link = body_of(send(&service, "POST", report, &director, &body).await).await;
    let film = open(&service, &link["data"]).await;
    let path = create(&service, &film, report).await;
    service.env.fixture.manual_clock.advance(SignedDuration::from_mins(119));
    assert_eq!(tus::offset(&service, &path).await, 0);
    service.env.fixture.manual_clock.advance(SignedDuration::from_mins(1));
    assert_eq!(tus::head(&service, &path).await.status(), 404);
}

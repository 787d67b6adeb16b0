//! A request costs the same statements whether an id is unknown or foreign, and a BIN unknown or known: neither
//! the response nor its time reveals which.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use forte_media::model::{Person, PersonId, RefKey, Role};

use crate::harness::clips::GOOD;
use crate::harness::phone::{Phone, UNKNOWN_BIIN};
use crate::harness::service::{Service, on_both_backends};
use crate::harness::tus;
use crate::onec_queue::submitted;

on_both_backends! {
    unknown_and_foreign_ids_cost_the_same_statements,
    unknown_and_known_bins_cost_the_same_statements,
}

/// The status of the response, and how many statements the request took.
async fn cost(service: &Service, request: Request<Body>) -> (StatusCode, u64) {
    let before = service.app.database.statements();
    let status = service.send(request).await.status();
    (status, service.app.database.statements() - before)
}

async fn assert_same_cost(service: &Service, [one, other]: [Request<Body>; 2], status: u16) {
    let name = format!("{} {}", one.method(), one.uri());
    let (one, other) = (cost(service, one).await, cost(service, other).await);
    assert_eq!(one, other, "{name}");
    assert_eq!(one.0, status, "{name}");
    assert!(one.1 > 0, "{name} takes no statement");
}

fn with_token(method: &str, path: &str, token: &str) -> Request<Body> {
    let request = tus::request(method, path).header("Authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

async fn unknown_and_foreign_ids_cost_the_same_statements(service: Service) {
    let fixture = &service.env.fixture;
    let stranger = fixture.foreign_driver().await;
    let token = service.token_of(stranger);
    let foreign = submitted(&service).await;
    service.drain_and_sweep().await; // nothing runs in the background any more
    let unknown = RefKey::mint(&fixture.clock, &fixture.random);
    let of_reports = |path: &dyn Fn(RefKey) -> String| {
        [unknown, foreign].map(|key| with_token("GET", &path(key), &token))
    };
    assert_same_cost(&service, of_reports(&|key| format!("/reports/{key}/video")), 404).await;

    let open = service.report().await;
    let creation = |key: RefKey| {
        let request = tus::request("POST", "/uploads")
            .header("Authorization", format!("Bearer {token}"))
            .header("Upload-Length", GOOD.len())
            .header("Upload-Metadata", tus::metadata(key));
        request.body(Body::empty()).unwrap()
    };
    assert_same_cost(&service, [unknown, open].map(creation), 404).await;

    let path = tus::create(&service, open, GOOD.len()).await;
    let (known, secret) = path.rsplit_once('.').unwrap();
    let wrong: String = secret.chars().rev().collect();
    let unknown = format!("/uploads/{}", fixture.unused_upload_id());
    let uploads = [unknown.as_str(), known].map(|upload| format!("{upload}.{wrong}"));
    for method in ["HEAD", "GET", "DELETE"] {
        let requests = uploads.each_ref().map(|path| with_token(method, path, &service.driver()));
        assert_same_cost(&service, requests, 404).await;
    }

    let director = Person { id: PersonId(7_000), role: Role::Admin, ..fixture.driver };
    let director = service.token_of(fixture.person(director).await);
    let employees = [PersonId(999_999), stranger.id];
    let deletions =
        employees.map(|id| with_token("DELETE", &format!("/employee/delete/{}", id.0), &director));
    assert_same_cost(&service, deletions, 404).await;
}

async fn unknown_and_known_bins_cost_the_same_statements(service: Service) {
    for (number, phone) in [Phone::driver(), Phone::director()].iter().enumerate() {
        let phones = [phone.at(UNKNOWN_BIIN), phone.clone()];
        let phones = phones.map(|phone| phone.with_uuid(&format!("device-{number}")));
        let requests = phones.each_ref().map(Phone::code_request);
        assert_same_cost(&service, requests, 200).await;
        let requests = phones.each_ref().map(|phone| phone.redeem_request("0000"));
        assert_same_cost(&service, requests, 401).await;
    }
}

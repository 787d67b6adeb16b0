//! A film link is exchanged for a session, which is limited to its report.

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{CompanyId, Person, PersonId, ReportStatus, Role};
use serde_json::json;

use super::{Film, director, exchange, issued, open, secret, send};
use crate::harness::account::{NODE, PASSWORD, add_node, basic};
use crate::harness::answers::problem;
use crate::harness::service::{Options, Service, header, json as body_of, on_both_backends};

on_both_backends! {
    a_session_of_a_link_sees_only_its_report,
    a_session_gets_new_tokens_until_the_link_is_revoked,
    a_token_of_a_link_is_refused_on_other_routes,
    a_page_of_another_site_cannot_exchange_a_link,
    a_link_for_a_report_with_a_video_is_refused,
    a_report_in_a_message_of_1c_gets_a_link,
}

async fn a_session_of_a_link_sees_only_its_report(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let other = service.report().await;
    let response = exchange(&service, &secret(&issued(&service, report, &director).await)).await;
    let cookie = header(&response, "set-cookie").to_owned();
    assert!(cookie.starts_with("forte_film="), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let data = body_of(response).await["data"].clone();
    assert_eq!((&data["ref_key"], &data["name"]), (&json!(report), &json!("Айбек")));
    assert_eq!(data["expires_in"], 300);

    let number = service.env.db.number("SELECT number FROM film_links").await;
    let company: CompanyId = service.env.fixture.driver.company;
    let link = Person { id: PersonId::of_film_link(number), company, role: Role::Employee };
    let leasing = &service.app.state.leasing;
    let shown = leasing.reports_to_film(&link).await.unwrap();
    assert_eq!(shown.iter().map(|report| report.ref_key).collect::<Vec<_>>(), [report]);
    assert!(leasing.reports_sent(&link).await.unwrap().is_empty());
    assert!(leasing.report_to_film(&link, report).await.unwrap().is_some());
    assert!(leasing.report_to_film(&link, other).await.unwrap().is_none());
}

/// The request of the page's script for an access token.
async fn token(service: &Service, film: &Film) -> axum::http::Response<Body> {
    let request = Request::post("/drive/token")
        .header("Cookie", &film.cookie)
        .header("X-CSRF-Token", &film.csrf);
    service.send(request.body(Body::empty()).unwrap()).await
}

async fn a_session_gets_new_tokens_until_the_link_is_revoked(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let film = open(&service, &issued(&service, report, &director).await).await;
    assert_eq!(token(&service, &film).await.status(), 200);
    send(&service, "DELETE", report, &director, &json!({})).await;
    problem(token(&service, &film).await, 401, "session_missing").await;
    let request = Request::post("/uploads/preflight")
        .header("Authorization", format!("Bearer {}", film.token))
        .body(Body::empty());
    problem(service.send(request.unwrap()).await, 401, "token_invalid").await;
}

async fn a_token_of_a_link_is_refused_on_other_routes(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let film = open(&service, &issued(&service, report, &director).await).await;
    for (method, path) in [
        ("GET", "/reports/general/filter".to_owned()),
        ("GET", format!("/reports/{report}/video")),
        ("GET", "/employee/list".to_owned()),
        ("GET", "/devices".to_owned()),
        ("POST", "/logout".to_owned()),
        ("GET", "/review/reports".to_owned()),
        ("POST", format!("/reports/{report}/film-link")),
        ("POST", format!("/reports/{report}/decision")),
    ] {
        let request = Request::builder().method(method).uri(&path);
        let request = request.header("Authorization", format!("Bearer {}", film.token));
        let refused = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status(), 403, "{method} {path}");
    }
}

async fn a_page_of_another_site_cannot_exchange_a_link(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let link = issued(&service, report, &director).await;
    let request = Request::post("/drive/film-link")
        .header("Content-Type", "application/json")
        .header("Sec-Fetch-Site", "cross-site");
    let body = json!({ "secret": secret(&link) }).to_string();
    let refused = service.send(request.body(Body::from(body)).unwrap()).await;
    problem(refused, 403, "csrf_invalid").await;
}

async fn a_link_for_a_report_with_a_video_is_refused(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let link = secret(&issued(&service, report, &director).await);
    service.env.db.execute("UPDATE reports SET status_code = 2").await;
    problem(exchange(&service, &link).await, 422, "report_already_submitted").await;
    service.env.db.execute("UPDATE reports SET status_code = 3").await;
    problem(exchange(&service, &link).await, 422, "report_closed").await;
    service.env.db.execute("UPDATE reports SET status_code = 4").await;
    assert_eq!(exchange(&service, &link).await.status(), 200);
}

async fn a_report_in_a_message_of_1c_gets_a_link(service: Service) {
    let fixture = &service.env.fixture;
    let kind = fixture.vehicle_type("Самосвал", &[]).await;
    let vehicle = fixture.vehicle(kind, "A").await;
    let report = fixture.report_with_period(vehicle, ReportStatus::AwaitingVideo, (0, 5)).await;
    let approved = fixture.report_with_period(vehicle, ReportStatus::Approved, (0, 5)).await;
    add_node(&service, NODE).await;
    let sql = "UPDATE companies SET ref_key = '5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae' WHERE id = 20";
    service.env.db.execute(sql).await;
    let item = |ref_key, film_link| {
        json!({ "type": "report", "ref_key": ref_key, "vehicle_ref": vehicle, "version": 1,
                "company_ref": "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "film_link": film_link })
    };
    let items = [item(report, true), item(approved, true)];
    let message = json!({ "node": NODE, "message_no": 1, "items": items }).to_string();
    let without = send_message(&service, &message).await;
    assert!(without.iter().all(|result| result["film_link"].is_null()), "{without:?}");
    let settings = vec![("HTTP__PUBLIC_URL", "https://media.example.kz".to_owned())];
    let options = Options { settings, ..Options::default() };
    let service = Service::on(service.crash().await, "a", options).await;
    let [first, second] = [(); 2].map(|()| send_message(&service, &message));
    let (first, second) = (first.await, second.await);
    let address = first[0]["film_link"].as_str().unwrap();
    assert!(address.starts_with("https://media.example.kz/drive/film#"), "{address}");
    assert!(first[1]["film_link"].is_null(), "an approved report does not wait for a video");
    assert_eq!(first, second, "a repeated message gets the same link");
    let replies = service.env.db.rows("SELECT reply FROM onec_messages").await.concat();
    assert!(!replies.contains("film#"), "{replies}");
}

/// The results of a message, which must be accepted.
async fn send_message(service: &Service, message: &str) -> Vec<serde_json::Value> {
    let request = Request::post("/1c/v1/messages")
        .header("Authorization", basic(NODE, PASSWORD))
        .header("Content-Type", "application/json");
    let response = service.send(request.body(Body::from(message.to_owned())).unwrap()).await;
    let reply = body_of(response).await;
    reply["results"].as_array().unwrap_or_else(|| panic!("{reply}")).clone()
}

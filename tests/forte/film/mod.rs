//! The service behind the driver's page: reports to film, and film links.

mod exchange;
mod links;
mod reports;
mod uploads;

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::RefKey;
use serde_json::{Value, json};

use crate::harness::service::{Service, header, json as body_of};

/// Sends a request for the links of a report.
async fn send(
    service: &Service,
    method: &str,
    report: RefKey,
    authorization: &str,
    body: &Value,
) -> Response<Body> {
    let request = Request::builder().method(method).uri(format!("/reports/{report}/film-link"));
    let request = request
        .header("Authorization", authorization)
        .header("Host", "127.0.0.1:8080")
        .header("Content-Type", "application/json");
    service.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn director(service: &Service) -> String {
    format!("Bearer {}", service.token_of(service.env.fixture.director().await))
}

/// Issues a link, which must succeed. Returns the `data` of the response.
async fn issued(service: &Service, report: RefKey, authorization: &str) -> Value {
    let response = send(service, "POST", report, authorization, &json!({})).await;
    let status = response.status();
    let answer = body_of(response).await;
    assert_eq!(status, 201, "{answer}");
    answer["data"].clone()
}

/// The secret in the URL of a link.
fn secret(link: &Value) -> String {
    link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

/// Exchanges a secret for a session.
async fn exchange(service: &Service, secret: &str) -> Response<Body> {
    exchange_as(service, secret, ("Айбек", "+7 701 000 00 01")).await
}

/// Exchanges a secret for a session of this driver.
async fn exchange_as(
    service: &Service,
    secret: &str,
    (name, mobile): (&str, &str),
) -> Response<Body> {
    let body = json!({ "secret": secret, "name": name, "mobile": mobile });
    let request = Request::post("/drive/film-link").header("Content-Type", "application/json");
    service.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// A browser that has opened a link.
struct Film {
    cookie: String,
    csrf: String,
    token: String,
}

/// Opens a link, which must succeed.
async fn open(service: &Service, link: &Value) -> Film {
    let response = exchange(service, &secret(link)).await;
    let status = response.status();
    let cookie = header(&response, "set-cookie").split(';').next().unwrap_or_default().to_owned();
    let answer = body_of(response).await;
    assert_eq!(status, 200, "{answer}");
    let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
    Film { cookie, csrf: text("csrf"), token: text("access_token") }
}

//! The attributes of the cookie, and cross-site requests.

use axum::body::Body;
use axum::http::{Request, Response};
use serde_json::json;

use super::browser::{LOGIN, add_reviewer, post, sign_in};
use crate::harness::account::PASSWORD;
use crate::harness::answers::problem;
use crate::harness::service::{Service, header};

const SESSION: &str = "/review/session";

#[tokio::test]
async fn the_cookie_is_http_only_same_site_and_with_https_secure() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    let body = json!({"login": LOGIN, "password": PASSWORD});
    let plain = post(&service, SESSION, &body).await;
    let cookie = header(&plain, "set-cookie");
    assert!(cookie.starts_with("forte_review="), "{cookie}");
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict; Max-Age="), "{cookie}");
    let service =
        Service::embedded_with(&[("HTTP__PUBLIC_URL", "https://media.example.kz/base")]).await;
    add_reviewer(&service).await;
    let secure = post(&service, SESSION, &body).await;
    let cookie = header(&secure, "set-cookie");
    assert!(cookie.starts_with("__Host-forte_review="), "{cookie}");
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age="), "{cookie}");
}

#[tokio::test]
async fn a_change_needs_the_csrf_token_of_its_session() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    let (one, other) = (sign_in(&service).await, sign_in(&service).await);
    for csrf in ["", "x", &other.csrf] {
        let mut browser = one.clone();
        browser.csrf = csrf.to_owned();
        let refused = browser.send(&service, "DELETE", SESSION, &json!({})).await;
        problem(refused, 403, "csrf_invalid").await;
    }
    let form = Request::post("/review/session/end")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Cookie", &one.cookie)
        .body(Body::from(format!("csrf={}", one.csrf)))
        .unwrap();
    let out = service.send(form).await;
    assert_eq!((out.status().as_u16(), header(&out, "location")), (303, "/review/sign-in"));
}

/// Signs in with these headers of the browser.
async fn from_site(service: &Service, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::post(SESSION).header("Host", "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = json!({"login": LOGIN, "password": PASSWORD}).to_string();
    let request = request.header("Content-Type", "application/json");
    service.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_page_of_another_site_cannot_sign_a_browser_in() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    for headers in [
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://127.0.0.1:8080")],
        [("Sec-Fetch-Site", "same-site"), ("Origin", "http://other.127.0.0.1:8080")],
        [("Accept", "*/*"), ("Origin", "null")],
        [("Accept", "*/*"), ("Origin", "https://evil.kz")],
    ] {
        problem(from_site(&service, &headers).await, 403, "csrf_invalid").await;
    }
    for headers in [
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "http://127.0.0.1:8080")],
        [("Accept", "*/*"), ("Origin", "http://127.0.0.1:8080")],
        [("Accept", "*/*"), ("Accept-Language", "kk")],
    ] {
        assert_eq!(from_site(&service, &headers).await.status(), 200, "{headers:?}");
    }
}

#[tokio::test]
async fn a_form_redirects_back_to_its_page() {
    let service = Service::embedded().await;
    add_reviewer(&service).await;
    let form = async |body: String| {
        let request = Request::post(SESSION)
            .header("Accept", "text/html,application/xhtml+xml")
            .header("Content-Type", "application/x-www-form-urlencoded");
        let response = service.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(response.status(), 303);
        header(&response, "location").to_owned()
    };
    let password = "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C: 1%D0%A1-%D1%83%D0%B7%D0%BB%D0%B0";
    let next = "%2Freview%2Fday";
    assert_eq!(form(format!("login={LOGIN}&password={password}&next={next}")).await, "/review/day");
    let elsewhere = format!("login={LOGIN}&password={password}&next=https://evil.kz/review");
    assert_eq!(form(elsewhere).await, "/review");
    let wrong = form(format!("login={LOGIN}&password=x&next={next}")).await;
    assert_eq!(wrong, format!("/review/sign-in?problem=wrong&login={LOGIN}&next={next}"));
    assert_eq!(form("login=&password=x".to_owned()).await, "/review/sign-in?problem=empty_login");
    service.app.state.accounts.disable(LOGIN).await.unwrap();
    let disabled = form(format!("login={LOGIN}&password={password}")).await;
    assert_eq!(disabled, format!("/review/sign-in?problem=disabled&login={LOGIN}"));
}

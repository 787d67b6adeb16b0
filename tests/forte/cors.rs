//! CORS: only pages of the origins in `http.allow_origins` may send videos.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};

use crate::harness::clips::GOOD;
use crate::harness::service::{Service, header};
use crate::harness::tus;

const ORIGIN: &str = "https://app.example.kz";
const OTHERS: [&str; 4] = [
    "null",
    "https://evil.example",
    "https://app.example.kz.evil.example",
    "http://app.example.kz",
];

async fn service() -> Service {
    let origins = "https://app.example.kz,http://localhost:5173";
    Service::embedded_with(&[("HTTP__ALLOW_ORIGINS", origins)]).await
}

fn from(origin: &str, request: Builder) -> Request<Body> {
    request.header("Origin", origin).body(Body::empty()).unwrap()
}

/// The preflight request of a browser before a POST with these headers.
fn preflight(origin: &str, path: &str) -> Request<Body> {
    let request = Request::options(path)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization,tus-resumable,upload-length");
    from(origin, request)
}

fn names(response: &Response<Body>, name: &str) -> Vec<String> {
    header(response, name).split(", ").map(str::to_ascii_lowercase).collect()
}

fn varies_by_origin(response: &Response<Body>) -> bool {
    response.headers().get_all("vary").iter().any(|value| value == "origin")
}

/// Fails if the response has any CORS header.
fn assert_closed(response: &Response<Body>, what: &str) {
    let mut found = response.headers().keys().map(axum::http::HeaderName::as_str);
    assert!(!found.any(|name| name.starts_with("access-control-")), "{what}: {response:?}");
}

fn assert_open(response: &Response<Body>, what: &str) {
    assert_eq!(header(response, "access-control-allow-origin"), ORIGIN, "{what}");
    assert!(!response.headers().contains_key("access-control-allow-credentials"), "{what}");
    assert!(varies_by_origin(response), "{what}");
    let exposed = names(response, "access-control-expose-headers");
    let read_by_clients =
        ["location", "upload-offset", "upload-expires", "tus-extension", "retry-after"];
    for name in read_by_clients.iter().chain(&["x-request-id", "tus-resumable"]) {
        assert!(exposed.contains(&(*name).to_owned()), "{what}: {name} is not exposed");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_on_every_route_that_takes_a_video() {
    let service = service().await;
    for path in ["/uploads", "/uploads/a.b", "/uploads/preflight", "/reports/upload"] {
        let response = service.send(preflight(ORIGIN, path)).await;
        assert_eq!(response.status(), 204, "{path}");
        assert_open(&response, path);
        assert_eq!(header(&response, "access-control-max-age"), "7200", "{path}");
        let methods = names(&response, "access-control-allow-methods");
        assert!(
            ["post", "patch", "head", "delete"].iter().all(|one| methods.contains(&(*one).into()))
        );
        let headers = names(&response, "access-control-allow-headers");
        for name in
            ["authorization", "content-type", "tus-resumable", "upload-metadata", "upload-offset"]
        {
            assert!(headers.contains(&name.to_owned()), "{path}: {name}");
        }
    }
}

/// `OPTIONS` is a preflight in CORS, and the discovery of extensions in tus.
#[tokio::test]
async fn options_still_lists_the_tus_extensions() {
    let service = service().await;
    let discovery = from(ORIGIN, Request::options("/uploads"));
    for request in [preflight(ORIGIN, "/uploads"), discovery] {
        let response = service.send(request).await;
        assert_eq!(response.status(), 204);
        assert_open(&response, "OPTIONS");
        assert!(header(&response, "tus-extension").contains("creation"));
        assert_eq!(header(&response, "tus-max-size"), "67108864");
    }
    let without_origin = Request::options("/uploads").body(Body::empty()).unwrap();
    let response = service.send(without_origin).await;
    assert!(header(&response, "tus-extension").contains("creation"));
    assert_closed(&response, "without an origin");
}

#[tokio::test]
async fn each_response_of_an_upload_is_readable_from_an_allowed_origin() {
    let service = service().await;
    let report = service.report().await;
    let created = service.send(from(ORIGIN, tus::creation(&service, report, GOOD.len()))).await;
    assert_eq!(created.status(), 201);
    assert_open(&created, "creation");
    let path = tus::path_of(header(&created, "location"));
    let mut append = tus::patch_request(&path, 0, GOOD);
    append.headers_mut().insert("origin", ORIGIN.parse().unwrap());
    let response = service.send(append).await;
    assert_eq!(response.status(), 204);
    assert_open(&response, "PATCH");
}

#[tokio::test]
async fn errors_are_readable_from_an_allowed_origin() {
    let service = service().await;
    let encoded = Request::post("/uploads/preflight")
        .header("Content-Encoding", "gzip")
        .header("Origin", ORIGIN)
        .body(Body::from("bytes"))
        .unwrap();
    let cases = [
        (401, from(ORIGIN, tus::request("POST", "/uploads"))),
        (404, from(ORIGIN, tus::request("HEAD", "/uploads/nothing"))),
        (405, from(ORIGIN, tus::request("PUT", "/uploads"))),
        (412, from(ORIGIN, Request::post("/uploads"))),
        (401, from(ORIGIN, Request::post("/reports/upload"))),
        (405, from(ORIGIN, Request::get("/reports/upload"))),
        // Answered by a middleware.
        (415, encoded),
    ];
    for (status, request) in cases {
        let what = format!("{} {}", request.method(), request.uri());
        let response = service.send(request).await;
        assert_eq!(response.status(), status, "{what}");
        assert_open(&response, &what);
        assert!(!header(&response, "x-request-id").is_empty(), "{what}");
    }
}

#[tokio::test]
async fn another_origin_gets_no_cors_header() {
    let service = service().await;
    for origin in OTHERS {
        for path in ["/uploads", "/uploads/preflight", "/reports/upload"] {
            assert_closed(&service.send(preflight(origin, path)).await, origin);
        }
        let response = service.send(from(origin, tus::request("POST", "/uploads"))).await;
        assert_closed(&response, origin);
        // A cache must not serve this response to a page of an allowed origin.
        assert!(varies_by_origin(&response), "{origin}");
    }
}

/// Other routes include those that are authenticated by a cookie.
#[tokio::test]
async fn other_routes_are_closed_to_every_origin() {
    let service = service().await;
    for path in
        ["/", "/review", "/review/session", "/drive/token", "/auth", "/refresh_token", "/docs"]
    {
        for request in [preflight(ORIGIN, path), from(ORIGIN, Request::post(path))] {
            assert_closed(&service.send(request).await, path);
        }
    }
}

#[tokio::test]
async fn by_default_no_origin_is_allowed() {
    let service = Service::embedded().await;
    for path in ["/uploads", "/reports/upload"] {
        let response = service.send(preflight(ORIGIN, path)).await;
        assert_closed(&response, path);
        assert!(!response.headers().contains_key("vary"), "{path}");
    }
}

#[test]
fn an_invalid_origin_is_reported_with_its_setting() {
    for origin in ["*", "null", "app.example.kz", "https://app.example.kz/page"] {
        let variable = ("FORTE_MEDIA__HTTP__ALLOW_ORIGINS".to_owned(), origin.to_owned());
        let error = forte_media::config::Settings::load(None, [variable]).unwrap_err().to_string();
        assert!(
            error.contains("http.allow_origins") && error.contains("is not an origin"),
            "{error}"
        );
    }
}

//! Protocol versions, OPTIONS, and `X-HTTP-Method-Override`.

use axum::body::Body;
use axum::http::Request;

use crate::harness::answers::{problem, tus_problem};
use crate::harness::clips::GOOD;
use crate::harness::service::{Service, header};
use crate::harness::tus::{self, create, offset, path_of};

/// Successful responses and errors alike.
#[tokio::test]
async fn every_response_has_the_protocol_version() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let created = tus::creation(&service, report, GOOD.len()).body(Body::empty()).unwrap();
    let created = service.send(created).await;
    let path = path_of(header(&created, "location"));
    let mut too_long = tus::patch_request(&path, 10, GOOD);
    too_long.headers_mut().insert("content-length", GOOD.len().into());
    let answers = [
        (201, created),
        (204, tus::patch(&service, &path, 0, &GOOD[..10]).await),
        (200, tus::head(&service, &path).await),
        (409, tus::patch(&service, &path, 99, &GOOD[..10]).await),
        (413, service.send(too_long).await),
        (404, tus::head(&service, "/uploads/nothing").await),
        (401, service.send(tus::request("POST", "/uploads").body(Body::empty()).unwrap()).await),
        (405, service.send(tus::request("PUT", &path).body(Body::empty()).unwrap()).await),
        (204, tus::by_owner(&service, "DELETE", &path).await),
        (410, tus::head(&service, &path).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status(), status);
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0", "{status}");
        assert!(!header(&answer, "x-request-id").is_empty(), "{status}");
    }
}

#[tokio::test]
async fn a_request_without_the_right_version_is_rejected() {
    let service = Service::embedded().await;
    let path = create(&service, service.report().await, GOOD.len()).await;
    for version in [None, Some("0.2.2"), Some("1.0"), Some("")] {
        for (method, to) in
            [("POST", "/uploads"), ("HEAD", &path), ("PATCH", &path), ("DELETE", &path)]
        {
            let mut request = Request::builder()
                .method(method)
                .uri(to)
                .header("Authorization", format!("Bearer {}", service.driver()))
                .header("Content-Type", "application/offset+octet-stream")
                .header("Upload-Offset", 0);
            if let Some(version) = version {
                request = request.header("Tus-Resumable", version);
            }
            let answer = service.send(request.body(GOOD.into()).unwrap()).await;
            assert_eq!(answer.status(), 412, "{method} {version:?}");
            assert_eq!(header(&answer, "tus-version"), "1.0.0");
            assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        }
    }
    assert_eq!(offset(&service, &path).await, 0);
}

#[tokio::test]
async fn options_describes_the_server_without_authentication() {
    let service = Service::embedded().await;
    let path = create(&service, service.report().await, GOOD.len()).await;
    for to in ["/uploads", &path, "/uploads/nothing"] {
        for version in ["1.0.0", "9.9.9"] {
            let request = Request::options(to).header("Tus-Resumable", version);
            let answer = service.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), 204);
            assert_eq!(header(&answer, "tus-version"), "1.0.0");
            assert_eq!(header(&answer, "tus-max-size"), "67108864");
            let offered = header(&answer, "tus-extension");
            let wanted =
                ["creation", "creation-with-upload", "expiration", "termination", "checksum"];
            assert!(wanted.iter().all(|name| offered.split(',').any(|one| one == *name)));
            assert!(!offered.contains(' '), "TUSKit does not trim");
            assert_eq!(header(&answer, "tus-checksum-algorithm"), "sha1,sha256,sha512,md5,crc32");
        }
    }
}

/// For clients behind a proxy that knows no PATCH.
#[tokio::test]
async fn the_method_can_be_overridden() {
    let service = Service::embedded().await;
    let path = create(&service, service.report().await, GOOD.len()).await;
    let named = |real: &str, named: &str| {
        tus::request(real, &path)
            .header("X-HTTP-Method-Override", named)
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", 0)
    };
    let answer = service.send(named("POST", "PATCH").body(GOOD[..100].into()).unwrap()).await;
    assert_eq!(answer.status(), 204);
    let answer = service.send(named("GET", "HEAD").body(Body::empty()).unwrap()).await;
    assert_eq!(header(&answer, "upload-offset"), "100");
    let answer = service.send(named("PATCH", "HEAD").body(GOOD[..100].into()).unwrap()).await;
    assert_eq!(header(&answer, "upload-offset"), "100");
    let answer = service.send(named("PATCH", "no method").body(Body::empty()).unwrap()).await;
    tus_problem(answer, 405, "method_not_allowed").await;
    assert_eq!(offset(&service, &path).await, 100);
    let answer = service.send(named("POST", "DELETE").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(tus::head(&service, &path).await.status(), 410);
}

#[tokio::test]
async fn the_method_cannot_be_overridden_elsewhere() {
    let service = Service::embedded().await;
    let request = Request::post(format!("/reports/{}/video", service.report().await))
        .header("X-HTTP-Method-Override", "GET")
        .header("Authorization", format!("Bearer {}", service.driver()));
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert!(header(&answer, "allow").contains("GET"));
    problem(answer, 405, "method_not_allowed").await;
}

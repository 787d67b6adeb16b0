//! Forms that no correct client sends.

use std::io;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream;

use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, BOUNDARY, Form, send};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_filename_is_never_a_path,
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_rejected() {
    let service = Service::embedded().await;
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    let kinds = [
        "",
        "video/mp4",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        &long,
    ];
    for kind in kinds {
        let request = Request::post("/reports/upload")
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Content-Type", kind);
        let answer = service.send(request.body(GOOD.into()).unwrap()).await;
        problem(answer, 400, "validation_failed").await;
    }
    for body in [Vec::new(), GOOD.to_vec(), Form::new().done()] {
        let answer = send(&service, body).await;
        assert!([400, 422].contains(&answer.status().as_u16()));
    }
}

#[tokio::test]
async fn too_many_or_too_long_fields_are_rejected() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let many = (0..10_000).fold(Form::new(), |form, n| form.text(&n.to_string(), "x"));
    let nameless = Form::new().part("Content-Disposition: form-data", b"x");
    let headless = Form::new().part("X-Nothing: here", b"x");
    let wrong = [
        many,
        nameless,
        headless,
        Form::new().text("", "x"),
        Form::new().text("ref_key", &"x".repeat(10_000)),
        Form::of(report).file(GOOD).file(GOOD),
        Form::new().part("Content-Disposition: form-data; name=\"lat\"", b"\xff\xfe"),
    ];
    for form in wrong {
        problem(send(&service, form.done()).await, 400, "validation_failed").await;
    }
    service.assert_nothing_left().await;
}

/// They must not fill the memory.
#[tokio::test]
async fn megabytes_between_the_parts_are_not_read() {
    let service = Service::embedded().await;
    let headers = format!("--{BOUNDARY}\r\nX-Long: ");
    for begins in ["", &headers] {
        let (mut sent, begins) = (0_usize, Bytes::from(begins.to_owned()));
        let chunks = std::iter::once(begins).chain(std::iter::from_fn(move || {
            sent += 4096;
            assert!(sent < 1024 * 1024, "a megabyte was read");
            Some(Bytes::from(vec![b'x'; 4096]))
        }));
        let body = Body::from_stream(stream::iter(chunks.map(io::Result::Ok)));
        problem(send(&service, body).await, 400, "validation_failed").await;
    }
}

/// No directories and no control characters.
async fn a_filename_is_never_a_path(service: Service) {
    let names = [
        "../../x",
        "C:\\x\\y.mp4",
        "a\0b.mp4",
        "a\tb\u{7f}.mp4",
        "",
        "\u{202e}4pm.exe",
        &"ё".repeat(2_000),
        "a\\\"b.mp4",
    ];
    for name in names {
        let head = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        let form = Form::of(service.report().await).part(&head, GOOD).done();
        let answer = send(&service, form).await;
        // Malformed headers of a part may be rejected, but must not break anything.
        assert!([201, 400].contains(&answer.status().as_u16()), "{name:?}: {}", answer.status());
    }
    let report = service.report().await;
    let uri = format!("/reports/upload?filename=a%00b%0d%0a.mp4&ref_key={report}");
    let form = Form::of(report).part("Content-Disposition: form-data; name=\"file\"", GOOD).done();
    let request = form::request(&service, &uri).body(form.into()).unwrap();
    assert_eq!(service.send(request).await.status(), 201);
}

#[tokio::test]
async fn a_part_with_more_than_sixteen_headers_is_refused() {
    let service = Service::embedded().await;
    for (more, status) in [(15, 201), (16, 400)] {
        let mut headers =
            vec!["Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"".to_owned()];
        headers.extend((0..more).map(|number| format!("X-{number}: x")));
        let head = headers.join("\r\n");
        let form = Form::of(service.report().await).part(&head, GOOD).done();
        assert_eq!(send(&service, form).await.status(), status, "{more}");
    }
}

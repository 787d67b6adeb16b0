//! What clients add to a form or spell in another way, and forms without an end.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::RefKey;

use crate::harness::answers::problem;
use crate::harness::bodies::{chunked, cut};
use crate::harness::clips::GOOD;
use crate::harness::form::{self, BOUNDARY, Form, send};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    parts_that_nobody_reads_are_skipped,
}

const THUMBNAIL: &str = "Content-Disposition: form-data; name=\"thumbnail\"; filename=\"t.jpg\"\r\n\
                         Content-Type: image/jpeg";
const FILE: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"";

fn declared(report: RefKey, kind: &str) -> Vec<u8> {
    Form::of(report).part(&format!("{FILE}\r\nContent-Type: {kind}"), GOOD).done()
}

async fn parts_that_nobody_reads_are_skipped(service: Service) {
    let picture = [0xff_u8, 0xd8].repeat(100_000);
    let extra = |form: Form| {
        form.part(THUMBNAIL, &picture)
            .text("note", &"long ".repeat(10_000))
            .part("Content-Disposition: form-data; name=\"device\"", b"\xff\xfe")
    };
    let before = extra(Form::new());
    let fields = Form::of(service.report().await).done();
    let end = format!("--{BOUNDARY}--\r\n");
    let fields = fields.strip_suffix(end.as_bytes()).unwrap();
    let form = extra(Form::new().file(GOOD)).part(FILE, b"").done();
    let form = [&before.open(THUMBNAIL)[..], b"x\r\n", fields, &form].concat();
    assert_eq!(send(&service, chunked(&form, 10_000)).await.status(), 201);
}

#[tokio::test]
async fn a_form_without_its_closing_boundary_is_400_and_says_so() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let form = Form::of(report).file(GOOD).done();
    let last = form.len() - "--\r\n".len();
    for end in [100, form.len() - GOOD.len(), form.len() - 1000, last - 20, last] {
        for body in [Body::from(form[..end].to_vec()), chunked(&form[..end], 777)] {
            let data = problem(send(&service, body).await, 400, "validation_failed").await;
            let message = data["message"].as_str().unwrap();
            assert!(message.contains("closing boundary"), "{end}: {message}");
        }
        // A broken connection is something else: the same form may arrive the next time.
        problem(send(&service, cut(form[..end].to_vec())).await, 503, "body_cut").await;
    }
    let preflight = Form::of(report).text("length", "100").done();
    let request = form::request(&service, "/uploads/preflight");
    let body = Body::from(preflight[..preflight.len() - 4].to_vec());
    let data = problem(service.send(request.body(body).unwrap()).await, 400, "validation_failed");
    assert!(data.await["message"].as_str().unwrap().contains("closing boundary"));
    service.assert_nothing_left().await;
}

#[tokio::test]
async fn a_form_is_complete_without_the_line_end_after_its_closing_boundary() {
    let service = Service::embedded().await;
    let form = Form::of(service.report().await).file(GOOD).done();
    let form = form.strip_suffix(b"\r\n").unwrap().to_vec();
    assert_eq!(send(&service, form).await.status(), 201);
}

#[tokio::test]
async fn a_file_that_is_declared_as_another_type_is_refused_before_its_bytes() {
    let service = Service::embedded_with(&[("INSPECT__QUICKTIME", "accept")]).await;
    let report = service.report().await;
    for kind in ["image/jpeg", "video/webm", "text/plain", "video/mp4v-es", "nonsense"] {
        let data =
            problem(send(&service, declared(report, kind)).await, 415, "unsupported_media_type");
        let data = data.await;
        assert_eq!(data["details"]["declared"], kind);
        assert_eq!(data["details"]["expected"][0], "video/mp4");
    }
    let form = Form::of(report).text("filetype", "image/png").file(GOOD).done();
    problem(send(&service, form).await, 415, "unsupported_media_type").await;
    service.assert_nothing_left().await;
    for kind in [
        "video/mp4",
        "VIDEO/MP4; codecs=\"avc1\"",
        "application/octet-stream",
        "",
        "video/quicktime",
    ] {
        let form = declared(service.report().await, kind);
        assert_eq!(send(&service, form).await.status(), 201, "{kind}");
    }
}

#[tokio::test]
async fn video_quicktime_is_refused_where_quicktime_movies_are() {
    let service = Service::embedded_with(&[("INSPECT__QUICKTIME", "refuse")]).await;
    let form = declared(service.report().await, "video/quicktime");
    problem(send(&service, form).await, 415, "unsupported_media_type").await;
}

async fn with_headers(service: &Service, uri: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let form = Form::of(service.report().await).file(GOOD).done();
    let mut request =
        Request::post(uri).header("Authorization", format!("Bearer {}", service.driver()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request.body(form.into()).unwrap()).await
}

#[tokio::test]
async fn every_legal_spelling_of_the_content_type_and_of_the_path_is_taken() {
    let service = Service::embedded().await;
    let kinds = [
        format!("multipart/form-data ; boundary={BOUNDARY}"),
        format!("Multipart/Form-Data;BOUNDARY=\"{BOUNDARY}\""),
        format!("multipart/form-data; charset=utf-8; Boundary = {BOUNDARY}"),
    ];
    for kind in &kinds {
        let answer = with_headers(&service, "/reports/upload", &[("Content-Type", kind)]).await;
        assert_eq!(answer.status(), 201, "{kind}");
    }
    for uri in ["//reports/upload", "/reports/upload/", "///reports/upload?x=/"] {
        let answer = with_headers(&service, uri, &[("Content-Type", &kinds[0])]).await;
        assert_eq!(answer.status(), 201, "{uri}");
    }
    let head = "content-disposition: Form-Data; Name=file; FileName=a.mp4";
    let form = Form::of(service.report().await).part(head, GOOD).done();
    assert_eq!(send(&service, form).await.status(), 201);
}

#[tokio::test]
async fn headers_that_ios_adds_by_itself_are_ignored_on_the_form() {
    let service = Service::embedded().await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [
        ("Content-Type", kind.as_str()),
        ("Upload-Draft-Interop-Version", "6"),
        ("Upload-Complete", "?1"),
        ("Upload-Incomplete", "?0"),
        ("Upload-Defer-Length", "1"),
    ];
    let answer = with_headers(&service, "/reports/upload", &headers).await;
    assert_eq!(answer.status(), 201);
}

#[tokio::test]
async fn a_compressed_body_is_refused_for_its_encoding() {
    let service = Service::embedded().await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    for encoding in ["gzip", "br", "identity, gzip"] {
        let headers = [("Content-Type", kind.as_str()), ("Content-Encoding", encoding)];
        let answer = with_headers(&service, "/reports/upload", &headers).await;
        assert_eq!(answer.headers()["accept-encoding"], "identity");
        problem(answer, 415, "unsupported_encoding").await;
    }
    for encoding in ["identity", "Identity", ""] {
        let headers = [("Content-Type", kind.as_str()), ("Content-Encoding", encoding)];
        let answer = with_headers(&service, "/reports/upload", &headers).await;
        assert_eq!(answer.status(), 201, "{encoding:?}");
    }
}

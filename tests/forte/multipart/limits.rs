//! The limit of 64 MiB, to the byte, and early refusals (Q16).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use crate::harness::answers::problem;
use crate::harness::bodies::{MAX, padded_pieces};
use crate::harness::clips::NOT_MP4;
use crate::harness::form::{self, BOUNDARY, Form, send};
use crate::harness::service::{self, Service, on_both_backends};

on_both_backends! {
    a_file_of_exactly_the_maximal_length_is_accepted,
}

const FILE_HEAD: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"";

/// A form whose file is sent in chunks.
fn with_file(form: Form, chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    let head = form.open(FILE_HEAD);
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let all = [Bytes::from(head)].into_iter().chain(chunks).chain([Bytes::from(end)]);
    Body::from_stream(stream::iter(all.map(io::Result::Ok)))
}

/// R8, Q16.
async fn a_file_of_exactly_the_maximal_length_is_accepted(service: Service) {
    let form = Form::of(service.report().await);
    let answer = send(&service, with_file(form, padded_pieces(MAX))).await;
    let (status, page) = (answer.status(), service::json(answer).await);
    assert_eq!(status, 201, "{page}");
    assert_eq!(service.deliver().await, 1);
}

/// R8, Q16.
#[tokio::test]
async fn a_longer_file_is_rejected_by_its_length_and_by_its_bytes() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let form = with_file(Form::of(report), padded_pieces(MAX + 1));
    let data = problem(send(&service, form).await, 413, "file_too_large").await;
    assert_eq!(data["details"]["max_length"], MAX);
    let announced = form::request(&service, "/reports/upload")
        .header("Content-Length", MAX + 1024 * 1024 + 1)
        .body(Body::empty());
    let data = problem(service.send(announced.unwrap()).await, 413, "file_too_large").await;
    assert_eq!(data["details"]["max_length"], MAX);
    service.assert_nothing_left().await;
}

/// R8: within 64 KiB, whatever its content type.
#[tokio::test]
async fn a_file_that_is_not_a_video_is_refused_within_its_first_kilobytes() {
    let service = Service::embedded().await;
    for begins in [NOT_MP4, b"PK\x03\x04............", b"<!DOCTYPE html>.", b"\xff\xd8\xff\xe0...."]
    {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let chunks = std::iter::once(Bytes::from_static(begins))
            .chain(std::iter::repeat_n(Bytes::from(vec![b'x'; 4096]), 4096))
            .inspect(move |chunk| _ = count.fetch_add(chunk.len(), Ordering::Relaxed));
        let form = with_file(Form::of(service.report().await), chunks);
        let answer = send(&service, form).await;
        problem(answer, 415, "not_mp4").await;
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= 64 * 1024, "{taken} bytes were taken");
    }
}

//! tus-java-client and TUSKit, which run on phones only, imitated on the wire.

use super::process::headers;
use super::raw_connection::Connection;
use super::{INSPECTION, Stage};
use crate::harness::clips::NOT_MP4;
use crate::harness::service::Backend;
use crate::harness::tus::path_of;

/// The chunk size of TUSKit.
const TUSKIT_CHUNK: usize = 500 * 1024;
/// The chunk size of tus-java-client.
const CHUNK: usize = 4096;

/// The headers of a PATCH of both.
fn patch_headers(offset: usize) -> Vec<String> {
    vec![
        "Tus-Resumable: 1.0.0".to_owned(),
        "Content-Type: application/offset+octet-stream".to_owned(),
        format!("Upload-Offset: {offset}"),
    ]
}

/// Creates an upload; its path.
async fn created(stage: &Stage, connection: &mut Connection, length: usize) -> String {
    let mut headers = headers(&stage.token, stage.report, length).to_vec();
    headers.push("Content-Length: 0".to_owned());
    connection.head("POST", "/uploads", &headers).await;
    let response = connection.response(true).await;
    assert_eq!(response.status, 201);
    path_of(response.header("location"))
}

async fn connect(stage: &Stage) -> Connection {
    Connection::to(&stage.served.address.to_string()).await
}

/// tus-java-client sends HEAD first, then chunked bodies as POST with an override. It requires the
/// offset to be exactly what it has sent.
#[tokio::test(flavor = "multi_thread")]
async fn tus_java_client_completes_an_upload() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        let mut connection = connect(&stage).await;
        let path = created(&stage, &mut connection, INSPECTION.len()).await;
        let half = INSPECTION.len() / 2;
        for (from, to) in [(0, half), (half, INSPECTION.len())] {
            let mut headers = patch_headers(from);
            headers.push("X-HTTP-Method-Override: PATCH".to_owned());
            headers.push("Expect: 100-continue".to_owned());
            headers.push("Transfer-Encoding: chunked".to_owned());
            connection.head("POST", &path, &headers).await;
            assert_eq!(connection.response(true).await.status, 100, "the body may be sent");
            connection.chunks(&INSPECTION[from..to], CHUNK).await;
            let response = connection.response(true).await;
            assert_eq!((response.status, response.offset()), (204, Some(to)));
        }
        stage.assert_stored(INSPECTION).await;
    }
}

/// TUSKit sends small bodies and reads nothing but the offset.
#[tokio::test(flavor = "multi_thread")]
async fn tuskit_completes_an_upload() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        let mut connection = connect(&stage).await;
        let path = created(&stage, &mut connection, INSPECTION.len()).await;
        connection.head("HEAD", &path, &["Tus-Resumable: 1.0.0".to_owned()]).await;
        let response = connection.response(false).await;
        assert_eq!(response.header("upload-length"), INSPECTION.len().to_string());
        let mut offset = response.offset().unwrap();
        while offset < INSPECTION.len() {
            let chunk = &INSPECTION[offset..INSPECTION.len().min(offset + TUSKIT_CHUNK)];
            let mut headers = patch_headers(offset);
            headers.push(format!("Content-Length: {}", chunk.len()));
            connection.head("PATCH", &path, &headers).await;
            connection.bytes(chunk).await;
            let next = connection.response(true).await.offset().unwrap();
            assert_ne!(next, offset, "TUSKit takes that for an error");
            offset = next;
        }
        stage.assert_stored(INSPECTION).await;
    }
}

/// TUSKit ignores the status: it would take a refusal with an offset for progress.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_response_has_no_offset() {
    let stage = Stage::start(Backend::Embedded).await.unwrap();
    let mut connection = connect(&stage).await;
    let path = created(&stage, &mut connection, NOT_MP4.len()).await;
    let mut headers = patch_headers(0);
    headers.push(format!("Content-Length: {}", NOT_MP4.len()));
    connection.head("PATCH", &path, &headers).await;
    connection.bytes(NOT_MP4).await;
    let response = connection.response(true).await;
    assert_eq!((response.status, response.offset()), (415, None));
}

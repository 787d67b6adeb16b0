//! Shutdown while a slow client is sending.

use super::INSPECTION;
use super::process::Process;
use super::raw_connection::Connection;
use crate::harness::tus::path_of;

/// The headers of a PATCH from `offset` to the end of the clip.
fn rest_of_clip(offset: usize) -> [String; 4] {
    [
        "Tus-Resumable: 1.0.0".to_owned(),
        "Content-Type: application/offset+octet-stream".to_owned(),
        format!("Upload-Offset: {offset}"),
        format!("Content-Length: {}", INSPECTION.len() - offset),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_slow_client_survive_sigterm() {
    let process = Process::start().await;
    let mut connection = Connection::to(process.address()).await;
    let mut headers = process.rest.creation_headers(INSPECTION.len()).to_vec();
    headers.push("Content-Length: 0".to_owned());
    connection.head("POST", "/uploads", &headers).await;
    let path = path_of(connection.response(true).await.header("location"));

    let half = INSPECTION.len() / 2;
    connection.head("PATCH", &path, &rest_of_clip(0)).await;
    connection.bytes(&INSPECTION[..half]).await;
    while process.bytes_received().await < half as u64 {}
    let rest = process.terminate().await;
    assert_eq!(connection.response(true).await.status, 423, "the phone has to retry");

    let process = Process::on(rest).await;
    let mut connection = Connection::to(process.address()).await;
    connection.head("HEAD", &path, &["Tus-Resumable: 1.0.0".to_owned()]).await;
    assert_eq!(connection.response(false).await.offset(), Some(half));
    connection.head("PATCH", &path, &rest_of_clip(half)).await;
    connection.bytes(&INSPECTION[half..]).await;
    let response = connection.response(true).await;
    assert_eq!((response.status, response.offset()), (204, Some(INSPECTION.len())));
    process.terminate().await;
}

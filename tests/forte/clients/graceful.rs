//! Shutdown while a slow client is sending.

use super::INSPECTION;
use super::process::Process;
use super::raw_connection::Line;
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
    let mut line = Line::to(process.address()).await;
    let mut headers = process.rest.creation_headers(INSPECTION.len()).to_vec();
    headers.push("Content-Length: 0".to_owned());
    line.head("POST", "/uploads", &headers).await;
    let path = path_of(line.answer(true).await.header("location"));

    let half = INSPECTION.len() / 2;
    line.head("PATCH", &path, &rest_of_clip(0)).await;
    line.bytes(&INSPECTION[..half]).await;
    while process.bytes_received().await < half as u64 {}
    let rest = process.terminate().await;
    assert_eq!(line.answer(true).await.status, 423, "the phone is to come back");

    let process = Process::on(rest).await;
    let mut line = Line::to(process.address()).await;
    line.head("HEAD", &path, &["Tus-Resumable: 1.0.0".to_owned()]).await;
    assert_eq!(line.answer(false).await.offset(), Some(half));
    line.head("PATCH", &path, &rest_of_clip(half)).await;
    line.bytes(&INSPECTION[half..]).await;
    let answer = line.answer(true).await;
    assert_eq!((answer.status, answer.offset()), (204, Some(INSPECTION.len())));
    process.terminate().await;
}

//! The exact responses to frequent errors, which clients rely on.

use axum::body::Body;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::answers::tus_problem;
use crate::harness::clips::{GOOD, NOT_MP4};
use crate::harness::service::{Service, json};
use crate::harness::tus::{self, by_owner, create, patch};

#[tokio::test]
async fn frequent_errors_have_these_responses() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let path = create(&service, report, GOOD.len()).await;
    let bad = create(&service, report, NOT_MP4.len()).await;
    let anybody = tus::request("POST", "/uploads").body(Body::empty()).unwrap();
    let long = tus::creation(&service, report, 1 << 30).body(Body::empty()).unwrap();
    let answers = [
        tus_problem(service.send(anybody).await, 401, "token_invalid").await,
        tus_problem(by_owner(&service, "DELETE", "/uploads/x").await, 404, "not_found").await,
        tus_problem(patch(&service, &path, 7, GOOD).await, 409, "offset_mismatch").await,
        tus_problem(service.send(long).await, 413, "file_too_large").await,
        tus_problem(patch(&service, &bad, 0, NOT_MP4).await, 415, "not_mp4").await,
    ];
    insta::assert_json_snapshot!(answers, { "[].request_id" => "[id]" });
    let state = json(by_owner(&service, "GET", &path).await).await;
    insta::assert_json_snapshot!(state, { ".data.ref_key" => "[key]" });
}

/// Over a real connection.
#[tokio::test]
async fn a_creation_rejected_by_its_headers_gets_no_100_continue() {
    let service = Service::embedded().await;
    let head = format!(
        "POST /uploads HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\n\
         Upload-Length: 67108865\r\nContent-Length: 67108865\r\nExpect: 100-continue\r\n\
         Content-Type: application/offset+octet-stream\r\n\r\n",
        service.driver()
    );
    let served = service.serve();
    let mut phone = TcpStream::connect(served.address).await.unwrap();
    phone.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    phone.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"file_too_large\""), "{answer}");
    served.shutdown.soft().cancel();
    served.task.await.unwrap();
}

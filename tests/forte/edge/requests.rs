//! What arrives, is parsed and is answered on one connection.

use tokio::io::AsyncWriteExt as _;

use super::server::{Server, expect, hasty, rest, settings, soon};

#[tokio::test]
async fn handlers_know_the_address_of_the_peer() {
    let server = Server::open(settings()).await;
    let mut stream = server.ask("GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let own = stream.local_addr().unwrap().to_string();
    assert!(rest(&mut stream).await.ends_with(&own));
}

#[tokio::test]
async fn a_body_is_asked_for_when_it_is_wanted() {
    let server = Server::open(settings()).await;
    let head = "PATCH /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n";
    let mut stream = server.ask(&format!("{head}Expect: 100-continue\r\n\r\n")).await;
    expect(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"bytes").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("whole 5 of 5"));
}

#[tokio::test]
async fn a_phone_that_ends_its_side_after_the_body_still_gets_its_answer() {
    let server = Server::open(settings()).await;
    let request = "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes";
    let mut stream = server.ask(request).await;
    stream.shutdown().await.unwrap();
    server.entered().await;
    server.signals.released.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("waited with 5"));
}

#[tokio::test]
async fn a_cut_body_reaches_the_handler_as_far_as_it_came_and_is_answered() {
    let server = Server::open(settings()).await;
    let request = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbytes";
    let mut stream = server.ask(request).await;
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.ends_with("cut 5 of 1000"));
}

#[tokio::test]
async fn a_body_of_unknown_length_arrives_whole() {
    let server = Server::open(settings()).await;
    let head = "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
    let request = format!("{head}Connection: close\r\n\r\n5\r\nbytes\r\n0\r\n\r\n");
    assert!(server.answer(&request).await.ends_with("whole 5 of unknown"));
}

#[tokio::test]
async fn broken_chunks_are_answered_although_more_comes() {
    let server = Server::open(hasty()).await;
    let head = "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let more = "x".repeat(500_000);
    let answer = server.answer(&format!("{head}5\r\nbytes\r\nnonsense\r\n{more}")).await;
    assert!(answer.ends_with("cut 5 of unknown"), "{answer}");
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::open(settings()).await;
    let request = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes";
    let last = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = server.answer(&format!("{request}{request}{last}")).await;
    assert_eq!(answer.matches("whole 5 of 5").count(), 2);
    assert!(answer.ends_with("whole 0 of 0"));
}

#[tokio::test]
async fn a_length_that_cannot_be_read_is_refused_and_the_answer_arrives() {
    let server = Server::open(hasty()).await;
    let body = "x".repeat(500_000);
    for framing in [
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 0x10",
        "Content-Length: 5, 6",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: gzip",
    ] {
        let request = format!("POST /count HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{body}");
        let answer = server.answer(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{framing}: {answer}");
        assert!(answer.contains("connection: close"), "{framing}: {answer}");
    }
}

/// RFC 9112 §6.3: the length is ignored, and the connection must not be used any further, so
/// nothing can hide behind the request.
#[tokio::test]
async fn a_request_framed_in_two_ways_is_the_last_of_its_connection() {
    let server = Server::open(hasty()).await;
    let head = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n";
    let hidden = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    let request = format!("{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
    let answer = server.answer(&request).await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.ends_with("whole 0 of unknown"), "{answer}");
}

#[tokio::test]
async fn a_panic_ends_its_connection_and_nothing_else() {
    let server = Server::open(settings()).await;
    let mut stream = server.ask("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(rest(&mut stream).await, "");
    let answer = server.answer("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("hello"));
    soon(server.close()).await;
}

//! Requests and responses of one connection.

use jiff::SignedDuration;
use tokio::io::AsyncWriteExt as _;

use super::server::{Server, expect, rest, settings, short_linger, within_a_minute};

#[tokio::test]
async fn handlers_get_the_address_of_the_client() {
    let server = Server::open(settings()).await;
    let mut stream = server.ask("GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let own = stream.local_addr().unwrap().to_string();
    assert!(rest(&mut stream).await.ends_with(&own));
}

#[tokio::test]
async fn sends_100_continue_at_the_first_read_of_the_body() {
    let server = Server::open(settings()).await;
    let head = "PATCH /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n";
    let mut stream = server.ask(&format!("{head}Expect: 100-continue\r\n\r\n")).await;
    expect(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"bytes").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("whole 5 of 5"));
}

#[tokio::test]
async fn a_client_that_closes_its_side_after_the_body_gets_its_response() {
    let server = Server::open(settings()).await;
    let request = "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes";
    let mut stream = server.ask(request).await;
    stream.shutdown().await.unwrap();
    server.entered().await;
    server.signals.released.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("waited with 5"));
}

#[tokio::test]
async fn a_handler_gets_what_arrived_of_a_cut_body_and_can_respond() {
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
async fn invalid_chunks_are_answered_while_the_client_goes_on_sending() {
    let server = Server::open(short_linger()).await;
    let head = "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let more = "x".repeat(500_000);
    let answer = server.answer(&format!("{head}5\r\nbytes\r\nnonsense\r\n{more}")).await;
    assert!(answer.ends_with("cut 5 of unknown"), "{answer}");
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let server = Server::open(settings()).await;
    let request = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes";
    let last = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = server.answer(&format!("{request}{request}{last}")).await;
    assert_eq!(answer.matches("whole 5 of 5").count(), 2);
    assert!(answer.ends_with("whole 0 of 0"));
}

/// A short body often comes in a packet of its own, after the handler has responded.
#[tokio::test]
async fn a_connection_stays_usable_when_the_rest_of_a_body_comes_late() {
    let mut config = settings();
    config.linger.rest_time = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    for framing in ["Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let mut stream = server.ask(&format!("POST /hello HTTP/1.1\r\nHost: x\r\n{framing}")).await;
        let body: &[u8] =
            if framing.contains("Length") { b"bytes" } else { b"5\r\nbytes\r\n0\r\n\r\n" };
        stream.write_all(body).await.unwrap();
        let next = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(next.as_bytes()).await.unwrap();
        let answers = rest(&mut stream).await;
        assert!(answers.starts_with("HTTP/1.1 405"), "{answers}");
        assert!(answers.ends_with("hello"), "{answers}");
        assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
    }
}

#[tokio::test]
async fn a_response_announces_the_close_when_the_rest_of_a_body_does_not_come() {
    let mut config = short_linger();
    config.linger.rest_time = SignedDuration::from_millis(20);
    let server = Server::open(config).await;
    for request in [
        "Content-Length: 5\r\n\r\nbyte",
        "Content-Length: 500000\r\n\r\nbyte",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nbytes\r\n",
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let answer = server.answer(&format!("POST /hello HTTP/1.1\r\nHost: x\r\n{request}")).await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{request}: {answer}");
        assert!(answer.contains("connection: close"), "{request}: {answer}");
    }
}

#[tokio::test]
async fn an_invalid_length_is_refused_and_the_response_arrives() {
    let server = Server::open(short_linger()).await;
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

/// RFC 9112 §6.3, §3.2, §2.2: what a proxy in front may read in another way than we do.
#[tokio::test]
async fn an_ambiguous_request_is_refused_and_nothing_hides_behind_it() {
    let server = Server::open(short_linger()).await;
    let hidden = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST /count HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        "GET /hello HTTP/1.1\nHost: x\n\n",
        "GET /hello HTTP/1.1\r\nHost: x\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ] {
        let answer = server.answer(&format!("{head}0\r\n\r\n{hidden}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head}: {answer}");
    }
}

/// The refusal comes after the answers to the requests before it, whatever their bodies contain.
#[tokio::test]
async fn requests_before_an_ambiguous_one_are_answered() {
    let server = Server::open(short_linger()).await;
    let body = "GET / HTTP/1.1\nHost: none\n\n";
    let sized =
        format!("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = server.answer(&format!("{sized}{chunked}{sized}GET / HTTP/1.1\r\n\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
    assert!(answer.contains("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_panic_ends_only_its_own_connection() {
    let server = Server::open(settings()).await;
    let mut stream = server.ask("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(rest(&mut stream).await, "");
    let answer = server.answer("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("hello"));
    within_a_minute(server.close()).await;
}

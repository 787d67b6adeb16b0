//! Shutdown of the listener.

use jiff::SignedDuration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::server::{Server, expect, rest, settings, within_a_minute};

const WAIT: &str = "POST /wait HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_request_in_flight_finishes_and_new_connections_are_refused() {
    let server = Server::open(settings()).await;
    let mut busy = server.ask(WAIT).await;
    server.entered().await;
    let mut idle = server.connect().await;
    server.shutdown.cancel();
    assert_eq!(rest(&mut idle).await, "", "the idle connection is closed first");
    assert!(TcpStream::connect(server.address).await.is_err());
    server.signals.released.add_permits(1);
    let answer = rest(&mut busy).await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("waited with 0"), "{answer}");
    server.close().await;
}

#[tokio::test]
async fn shutdown_closes_an_idle_connection() {
    let mut config = settings();
    config.shutdown_grace = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    let mut stream = server.ask("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await;
    expect(&mut stream, "HTTP/1.1 200 OK").await;
    server.shutdown.cancel();
    assert!(rest(&mut stream).await.ends_with("hello"));
    server.close().await;
}

#[tokio::test]
async fn connections_are_closed_after_the_shutdown_grace() {
    let mut config = settings();
    config.shutdown_grace = SignedDuration::from_millis(50);
    let server = Server::open(config).await;
    let mut stuck = server.ask(WAIT).await;
    server.entered().await;
    server.close().await;
    let mut answer = Vec::new();
    let _end = within_a_minute(stuck.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn dropping_the_server_closes_its_connections() {
    let server = Server::open(settings()).await;
    let mut stuck = server.ask(WAIT).await;
    server.entered().await;
    server.served.abort();
    let mut answer = Vec::new();
    let _end = within_a_minute(stuck.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
}

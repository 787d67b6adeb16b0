//! A response that could not be sent is reported.

use super::server::{Server, expect, settings};

const REQUEST: &str = "GET /unsent HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_response_to_a_client_that_has_gone_is_reported() {
    let server = Server::open(settings()).await;
    let client = server.ask(REQUEST).await;
    server.entered().await;
    // A reset: the client does not wait for the response.
    client.set_zero_linger().unwrap();
    drop(client);
    server.signals.released.add_permits(1);
    server.entered().await;
    server.close().await;
}

#[tokio::test]
async fn a_response_that_was_sent_is_not_reported() {
    let server = Server::open(settings()).await;
    let mut client = server.ask(REQUEST).await;
    server.entered().await;
    server.signals.released.add_permits(1);
    expect(&mut client, "HTTP/1.1 200 OK").await;
    client.set_zero_linger().unwrap();
    drop(client);
    let signals = std::sync::Arc::clone(&server.signals);
    server.close().await;
    assert_eq!(signals.entered.available_permits(), 0);
}

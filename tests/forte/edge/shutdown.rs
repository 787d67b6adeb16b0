//! How the listener ends (F27).

use jiff::SignedDuration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::house::{House, expect, rest, settings, soon};

const WAIT: &str = "POST /wait HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_request_in_flight_finishes_and_newcomers_are_turned_away() {
    let house = House::open(settings()).await;
    let mut busy = house.ask(WAIT).await;
    house.entered().await;
    let mut idle = house.connect().await;
    house.shutdown.cancel();
    assert_eq!(rest(&mut idle).await, "", "the idle connection is closed first");
    assert!(TcpStream::connect(house.address).await.is_err());
    house.signals.released.add_permits(1);
    let answer = rest(&mut busy).await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("waited with 0"), "{answer}");
    house.close().await;
}

#[tokio::test]
async fn a_connection_between_two_requests_is_closed() {
    let mut config = settings();
    config.shutdown_grace = SignedDuration::from_mins(10);
    let house = House::open(config).await;
    let mut stream = house.ask("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await;
    expect(&mut stream, "HTTP/1.1 200 OK").await;
    house.shutdown.cancel();
    assert!(rest(&mut stream).await.ends_with("hello"));
    house.close().await;
}

#[tokio::test]
async fn what_outlives_the_grace_is_cut() {
    let mut config = settings();
    config.shutdown_grace = SignedDuration::from_millis(50);
    let house = House::open(config).await;
    let mut stuck = house.ask(WAIT).await;
    house.entered().await;
    house.close().await;
    let mut answer = Vec::new();
    let _end = soon(stuck.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn nothing_outlives_a_dropped_listener() {
    let house = House::open(settings()).await;
    let mut stuck = house.ask(WAIT).await;
    house.entered().await;
    house.served.abort();
    let mut answer = Vec::new();
    let _end = soon(stuck.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
}

//! Clients that are silent, slow, too many or gone.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use forte_media::http::server::ConfigError;
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::server::{Server, expect, rest, settings, short_linger, within_a_minute};
use crate::harness::external::report_missing;
use crate::harness::log;

const HELLO: &str = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

async fn with_short_header_timeout() -> Server {
    let mut config = settings();
    config.header_timeout = SignedDuration::from_millis(200);
    Server::open(config).await
}

#[tokio::test]
async fn a_silent_connection_times_out() {
    let server = with_short_header_timeout().await;
    assert_eq!(rest(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn an_unfinished_request_head_times_out() {
    let server = with_short_header_timeout().await;
    let mut stream = server.ask("GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_times_out() {
    let server = with_short_header_timeout().await;
    let mut stream = server.ask("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(rest(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn the_header_timeout_does_not_apply_to_bodies() {
    let server = with_short_header_timeout().await;
    let head = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n";
    let mut stream = server.ask(&format!("{head}Expect: 100-continue\r\n\r\n")).await;
    expect(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    // A silent connection that was opened later times out, this one does not.
    assert_eq!(rest(&mut server.connect().await).await, "");
    stream.write_all(b"bytes").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("whole 5 of 5"));
}

#[tokio::test]
async fn a_request_head_larger_than_the_buffer_is_refused() {
    let server = Server::open(short_linger()).await;
    let large = "x".repeat(2 * settings().read_buffer);
    let answer = server.answer(&format!("GET /hello HTTP/1.1\r\nX-Large: {large}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_request_head_may_have_exactly_the_documented_size() {
    let mut config = short_linger();
    config.read_buffer = 8192;
    let server = Server::open(config).await;
    let head = |length: usize| {
        let frame = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: \r\n\r\n".len();
        let filler = "x".repeat(length - frame);
        format!("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {filler}\r\n\r\n")
    };
    assert!(server.answer(&head(8192)).await.ends_with("hello"));
    let answer = server.answer(&head(8193)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

/// It takes a byte now and then, which no write timeout notices.
#[tokio::test]
async fn a_client_that_takes_its_response_too_slowly_is_disconnected() {
    let mut config = settings();
    config.write_timeout = SignedDuration::from_mins(10);
    config.minimum_rate = 64 * 1024 * 1024;
    config.minimum_rate_over = SignedDuration::from_millis(300);
    let server = Server::open(config).await;
    let mut stream = server.ask("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered().await;
    let reading = async {
        let mut bytes = vec![0; 4096];
        while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let disconnected = within_a_minute(server.signals.endless.closed());
    tokio::select! { () = disconnected => {} () = reading => {} }
}

#[tokio::test]
async fn a_client_that_reads_nothing_of_its_response_is_disconnected() {
    let mut config = settings();
    config.write_timeout = SignedDuration::from_millis(200);
    let server = Server::open(config).await;
    let _untouched = server.ask("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered().await;
    within_a_minute(server.signals.endless.closed()).await;
}

#[tokio::test]
async fn serves_at_most_max_connections_at_a_time() {
    let mut config = settings();
    config.max_connections = 2;
    let server = Server::open(config).await;
    let request = "POST /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(server.ask(request).await);
    }
    for stream in &mut streams {
        server.entered().await;
        server.signals.released.add_permits(1);
        assert!(rest(stream).await.ends_with("waited with 0"));
    }
    assert_eq!(server.signals.inside.borrow().1, 2);
}

/// An address of this machine that is not loopback, which is not counted.
fn own_address() -> Option<IpAddr> {
    // Nothing is sent. The address is one for documentation (RFC 5737).
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let found = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let found = found.ok().map(|address| address.ip()).filter(|address| !address.is_loopback());
    if found.is_none() {
        report_missing("a network", "is not connected", "silent connections of an address");
    }
    found
}

#[tokio::test]
async fn the_oldest_silent_connection_of_an_address_makes_room_for_its_next_one() {
    let Some(own) = own_address() else { return };
    let mut config = settings();
    config.max_silent_per_address = 2;
    let server = Server::open_on("0.0.0.0:0", config).await;
    let connect = |address: IpAddr| TcpStream::connect((address, server.address.port()));
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(connect(own).await.unwrap());
    }
    assert_eq!(rest(&mut silent[0]).await, "", "it has made room");
    // A connection with a complete head makes room for no other one.
    let mut client = connect(own).await.unwrap();
    assert_eq!(rest(&mut silent[1]).await, "");
    client.write_all(HELLO.replace("close", "keep-alive").as_bytes()).await.unwrap();
    expect(&mut client, "HTTP/1.1 200 OK\r\n").await;
    let mut local = Vec::new();
    for _ in 0..4 {
        local.push(connect(Ipv4Addr::LOCALHOST.into()).await.unwrap());
    }
    for stream in silent[2..].iter_mut().chain(&mut local) {
        stream.write_all(HELLO.as_bytes()).await.unwrap();
        assert!(rest(stream).await.ends_with("hello"));
    }
}

/// Its clients would share one address, and so their limits, without anybody noticing.
#[tokio::test]
async fn an_untrusted_proxy_in_the_own_network_is_reported_once() {
    log::start();
    let server = Server::open(settings()).await;
    // So that the lines of other tests do not count.
    let proxy = "127.0.0.52";
    let from_proxy = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        X-Forwarded-For: 203.0.113.9\r\n\r\n";
    for _ in 0..2 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{proxy}:0").parse().unwrap()).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(from_proxy.as_bytes()).await.unwrap();
        assert!(rest(&mut stream).await.ends_with("hello"));
    }
    let lines = fs::read_to_string(log::path()).unwrap();
    let warned = |line: &&str| line.contains("WARN") && line.contains(proxy);
    let warnings: Vec<&str> = lines.lines().filter(warned).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("http.trusted_proxies"), "{warnings:?}");
}

/// The sockets of this process that are connections of the server at `address`.
fn open_sockets(address: SocketAddr) -> usize {
    let local = format!("0100007F:{:04X}", address.port());
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let (listening, inode) = ("0A", 9);
    let ours = rows.filter(|row| row[1] == local && row[3] != listening);
    let sockets: HashSet<String> = ours.map(|row| format!("socket:[{}]", row[inode])).collect();
    let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets.filter(|target| sockets.contains(&target.to_string_lossy().into_owned())).count()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_thousand_aborted_connections_leave_nothing_open() {
    let mut config = short_linger();
    // A thousand connections are served only if each releases its permit.
    config.max_connections = 8;
    let server = Server::open(config).await;
    let head = "POST /refuse/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    let counted = head.replace("/refuse/1", "/count");
    for round in 0..1000 {
        let mut stream = server.connect().await;
        let request = if round % 2 == 0 { head } else { &counted };
        let cut = round % (request.len() + 1);
        stream.write_all(&request.as_bytes()[..cut]).await.unwrap();
        if round % 3 == 0 {
            stream.set_zero_linger().unwrap(); // sends a reset on close
        }
    }
    assert!(within_a_minute(server.answer(HELLO)).await.ends_with("hello"));
    within_a_minute(async {
        while open_sockets(server.address) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn invalid_settings_are_named() {
    let mut config = settings();
    config.read_buffer = 100;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = forte_media::http::server::serve(
        listener,
        axum::Router::new(),
        config.clone(),
        CancellationToken::new(),
    );
    let error = served.await.unwrap_err();
    assert!(error.to_string().starts_with("http.read_buffer must be from 8192"), "{error}");
    config.read_buffer = 8192;
    config.linger.quiet = SignedDuration::ZERO;
    assert_eq!(config.check(), Err(ConfigError::NotPositive("http.linger.quiet")));
}

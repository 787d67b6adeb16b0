//! A refusal reaches the client, however the client behaves.

use std::fs::File;
use std::process::{Command, Output};

use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, repeat};
use tokio::task::spawn_blocking;

use super::server::{REFUSAL, Server, rest, settings, short_linger, within_a_minute};

const LENGTH: u64 = 64 << 20;

fn upload(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {LENGTH}\r\n{headers}\r\n")
}

fn assert_refused(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with(REFUSAL), "{answer}");
}

/// A file as long as the longest video, and sparse.
fn long_file(folder: &TempDir) -> String {
    let path = folder.path().join("long.mp4");
    File::create(&path).unwrap().set_len(LENGTH).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments);
    within_a_minute(spawn_blocking(move || command.output())).await.unwrap().unwrap()
}

async fn curl(arguments: &[&str]) -> String {
    let output = run("curl", &[&["-sS", "-i", "-H", "Expect:"], arguments].concat()).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_client_that_sends_everything_first_gets_the_refusal() {
    let mut config = short_linger();
    config.linger.drain_bytes = LENGTH;
    config.linger.drain_time = SignedDuration::from_mins(1);
    let server = Server::open(config).await;
    let mut stream = server.ask(&upload("/refuse/1", "")).await;
    let mut body = repeat(0).take(LENGTH);
    within_a_minute(copy(&mut body, &mut stream)).await.expect("no reset while sending");
    assert_refused(&rest(&mut stream).await);
}

#[tokio::test]
async fn a_client_that_reads_while_it_sends_gets_the_refusal_early() {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    let (mut reader, mut writer) = server.ask(&upload("/refuse/1", "")).await.into_split();
    let mut body = repeat(0).take(LENGTH);
    let mut answer = String::new();
    tokio::select! {
        sent = copy(&mut body, &mut writer) => panic!("sent everything: {sent:?}"),
        read = within_a_minute(reader.read_to_string(&mut answer)) => drop(read.unwrap()),
    }
    assert_refused(&answer);
}

#[tokio::test]
async fn a_client_that_closes_its_side_early_gets_the_refusal() {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    let mut stream = server.ask(&upload("/refuse/1", "")).await;
    stream.write_all(&vec![0; 100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_refused(&rest(&mut stream).await);
    drop(stream);
    server.close().await;
}

/// On a slow network the socket is empty when the response is written, and bytes arrive later.
#[tokio::test]
async fn bytes_sent_after_the_refusal_cause_no_reset() {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    let mut stream = server.ask(&upload("/refuse/1", "")).await;
    stream.write_all(b"the first bytes").await.unwrap();
    assert_refused(&rest(&mut stream).await);
    for _ in 0..100 {
        stream.write_all(b"more").await.unwrap();
    }
}

#[tokio::test]
async fn curl_gets_the_refusal_of_a_file() {
    let server = Server::open(short_linger()).await;
    let folder = TempDir::new().unwrap();
    let file = long_file(&folder);
    for reads in [0, 1, 3] {
        assert_refused(&curl(&["-T", &file, &server.url(&format!("/refuse/{reads}"))]).await);
    }
}

#[tokio::test]
async fn curl_gets_the_refusal_of_a_chunked_body() {
    let server = Server::open(short_linger()).await;
    let folder = TempDir::new().unwrap();
    let (file, url) = (long_file(&folder), server.url("/refuse/1"));
    let chunked = ["-H", "Transfer-Encoding: chunked", "-T", &file, &url];
    assert_refused(&curl(&chunked).await);
}

#[tokio::test]
async fn curl_gets_the_refusal_of_a_form() {
    let server = Server::open(short_linger()).await;
    let folder = TempDir::new().unwrap();
    let part = format!("file=@{};type=video/mp4", long_file(&folder));
    assert_refused(&curl(&["-F", &part, &server.url("/refuse/1")]).await);
}

/// Sends without reading, and reads the response after a broken pipe, as urllib3 does.
const PYTHON_CLIENT: &str = r"
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.putrequest('POST', '/refuse/1')
connection.putheader('Content-Length', str(64 << 20))
connection.endheaders()
try:
    for _ in range(64):
        connection.send(bytes(1 << 20))
except (BrokenPipeError, ConnectionResetError):
    print('the pipe broke', file=sys.stderr)
answer = connection.getresponse()
print(answer.status, answer.read().decode())
";

#[tokio::test]
async fn python_gets_the_refusal_after_a_broken_pipe() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not installed");
        return;
    }
    let server = Server::open(short_linger()).await;
    let output = run("python3", &["-c", PYTHON_CLIENT, &server.address.to_string()]).await;
    let answer = String::from_utf8_lossy(&output.stdout);
    assert_eq!(answer.trim_end(), format!("422 {REFUSAL}"), "{output:?}");
}

#[tokio::test]
async fn a_refusal_by_the_head_alone_sends_no_100_continue() {
    let server = Server::open(short_linger()).await;
    let request = upload("/refuse/0", "Expect: 100-continue\r\n");
    let answer = server.answer(&request).await;
    assert_refused(&answer);
    assert!(!answer.contains("100 Continue"));
}

#[tokio::test]
async fn the_linger_ends_when_the_client_closes() {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_mins(10);
    config.shutdown_grace = SignedDuration::from_mins(10);
    let server = Server::open(config).await;
    assert_refused(&server.answer(&upload("/refuse/0", "")).await);
    server.close().await;
}

#[tokio::test]
async fn a_client_that_never_stops_sending_is_disconnected_after_the_drain() {
    let mut config = short_linger();
    config.linger.drain_bytes = 1 << 20;
    let server = Server::open(config).await;
    let mut stream = server.ask(&upload("/refuse/1", "")).await;
    let sent = within_a_minute(copy(&mut repeat(0), &mut stream)).await;
    assert!(sent.is_err(), "the connection must end");
}

#[tokio::test]
async fn without_a_free_linger_slot_a_connection_is_closed_at_once() {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_mins(10);
    config.linger.max_sockets = 0;
    let server = Server::open(config).await;
    let mut stream = server.ask(&upload("/refuse/1", "")).await;
    let sent = within_a_minute(copy(&mut repeat(0), &mut stream)).await;
    assert!(sent.is_err(), "the connection must end");
}

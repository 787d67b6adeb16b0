//! Memory of a real process during uploads: 200 slow phones concurrently, then one fast upload of the
//! longest video. Prints figures and asserts no limits.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]
#![expect(clippy::print_stdout, reason = "the results go to standard output")]

#[path = "../tests/forte/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "shared with the tests")]
mod harness;

use std::time::Duration;

use forte_media::model::Clock;
use futures_util::future::join_all;
use harness::process::Process;
use harness::service::{Backend, Service, TestEnv};
use harness::tus;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::interval;

/// Concurrent slow phones.
const PHONES: usize = 200;
/// Interval between chunks of a slow phone: 64 KiB/s.
const EVERY: Duration = Duration::from_millis(125);
/// Bytes per chunk.
const CHUNK: usize = 8 * 1024;
/// Chunks of a slow phone: ten seconds.
const CHUNKS: usize = 80;
/// The longest video.
const LENGTH: usize = 64 * 1024 * 1024;

#[tokio::main]
async fn main() {
    let service = Service::start(Backend::Embedded).await.unwrap();
    service.manual_clock().set(Clock::system().now());
    let token = service.driver();
    let env = service.crash().await;
    let settings = [("UPLOAD__MAX_OPEN_PER_PERSON", "1000")];

    let process = Process::start(&env, "one", &settings).await;
    println!("idle: {}", memory(&process, "VmRSS"));
    let mut phones = Vec::new();
    for _ in 0..PHONES {
        phones.push(start(&env, &process, &token).await);
    }
    println!("{PHONES} uploads started: {}", memory(&process, "VmRSS"));
    join_all(phones.iter_mut().map(send_slowly)).await;
    println!("{PHONES} phones at 64 KiB/s for 10 s: {}", memory(&process, "VmRSS"));
    println!("peak so far: {}", memory(&process, "VmHWM"));
    drop((phones, process));

    let process = Process::start(&env, "one", &settings).await;
    let mut phone = start(&env, &process, &token).await;
    println!("idle, one upload started: {}", memory(&process, "VmRSS"));
    phone.write_all(&vec![0; LENGTH - 4 * CHUNK]).await.unwrap();
    println!("one upload of 64 MiB at full speed, peak: {}", memory(&process, "VmHWM"));
}

/// Starts an upload of the longest video and sends its first boxes: `ftyp`, and the header of an
/// `mdat` that contains the rest.
async fn start(env: &TestEnv, process: &Process, token: &str) -> TcpStream {
    let report = env.fixture.report().await;
    let created = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("http://{}/uploads", process.address))
        .bearer_auth(token)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", LENGTH)
        .header("Upload-Metadata", tus::metadata(report));
    let created = created.send().await.unwrap().error_for_status().unwrap();
    let path = tus::path_of(created.headers()["location"].to_str().unwrap());
    let mut phone = TcpStream::connect(process.address).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {LENGTH}\r\n\r\n"
    );
    phone.write_all(head.as_bytes()).await.unwrap();
    let ftyp = b"\0\0\0\x18ftypisom\0\0\x02\0isommp42";
    let rest = u32::try_from(LENGTH - ftyp.len()).unwrap().to_be_bytes();
    phone.write_all(&[&ftyp[..], &rest, b"mdat"].concat()).await.unwrap();
    phone
}

/// Sends at the speed of a slow connection.
async fn send_slowly(phone: &mut TcpStream) {
    let mut ticks = interval(EVERY);
    for _ in 0..CHUNKS {
        ticks.tick().await;
        phone.write_all(&[0; CHUNK]).await.unwrap();
    }
}

/// A line of `/proc/PID/status`.
fn memory(process: &Process, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

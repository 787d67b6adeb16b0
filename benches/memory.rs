//! How much memory a real process takes while phones send (I8): 200 slow ones at a time, then one
//! that sends the longest video as fast as it goes. Prints numbers; judges nothing.

#![expect(clippy::unwrap_used, reason = "a measurement stops where its world is not as it says")]
#![expect(clippy::print_stdout, reason = "results belong to standard output")]

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

/// How many slow phones send at a time.
const PHONES: usize = 200;
/// How often a slow phone sends a piece: 64 KiB/s in all.
const EVERY: Duration = Duration::from_millis(125);
/// Such a piece.
const PIECE: usize = 8 * 1024;
/// How many pieces a slow phone sends: ten seconds.
const PIECES: usize = 80;
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
    println!("at rest: {}", memory(&process, "VmRSS"));
    let mut phones = Vec::new();
    for _ in 0..PHONES {
        phones.push(begin(&env, &process, &token).await);
    }
    println!("{PHONES} uploads begun: {}", memory(&process, "VmRSS"));
    join_all(phones.iter_mut().map(dribble)).await;
    println!("{PHONES} phones at 64 KiB/s for 10 s: {}", memory(&process, "VmRSS"));
    println!("most so far: {}", memory(&process, "VmHWM"));
    drop((phones, process));

    let process = Process::start(&env, "one", &settings).await;
    let mut phone = begin(&env, &process, &token).await;
    println!("at rest, one upload begun: {}", memory(&process, "VmRSS"));
    phone.write_all(&vec![0; LENGTH - 4 * PIECE]).await.unwrap();
    println!("one upload of 64 MiB sent at once, most: {}", memory(&process, "VmHWM"));
}

/// Begins an upload of the longest length and sends its first boxes: `ftyp`, and the head of an
/// `mdat` that takes the rest.
async fn begin(env: &TestEnv, process: &Process, token: &str) -> TcpStream {
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

/// Sends as a phone on a slow line does.
async fn dribble(phone: &mut TcpStream) {
    let mut beat = interval(EVERY);
    for _ in 0..PIECES {
        beat.tick().await;
        phone.write_all(&[0; PIECE]).await.unwrap();
    }
}

/// What the system says about a process's memory.
fn memory(process: &Process, what: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

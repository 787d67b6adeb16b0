//! What the command says to the person who runs it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use tokio::task::spawn_blocking;

use super::{HomeFolder, REPORT, assert_submitted, text};
use crate::harness::clips::GOOD;
use crate::harness::scripted_tus::{Failure, ScriptedTus};
use crate::harness::service::Service;

#[tokio::test]
async fn the_first_failure_names_the_server_and_the_cause() {
    let home = HomeFolder::new();
    let output = home.upload("http://127.0.0.1:1", REPORT, &["--retries", "2"]).await;
    let words = text(&output.stderr);
    let first = words.lines().find(|line| line.contains("retrying in")).unwrap();
    assert!(first.starts_with("http://127.0.0.1:1/: cannot reach the server: "), "{words}");
    assert!(first.contains("Connection refused"), "{words}");
}

#[tokio::test]
async fn progress_has_percent_rate_and_remaining_time_and_never_exceeds_the_file() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::PATCH, Failure::CutAfter(10_000))]);
    let output = home.upload_to(&server, &["--chunk", "12KiB"]).await;
    assert_submitted(&output);
    let words = text(&output.stderr);
    let lines: Vec<_> = words.lines().filter(|line| line.contains(" bytes sent (")).collect();
    assert!(!lines.is_empty(), "{words}");
    for line in lines.iter().filter(|line| !line.starts_with("preflight")) {
        assert!(line.contains(" %, ") && line.contains("/s"), "{line}");
        let position: usize = line.split(' ').next().unwrap().parse().unwrap();
        assert!(position <= GOOD.len(), "{line}");
    }
    assert!(words.contains(&format!("{0} of {0} bytes sent (100 %", GOOD.len())), "{words}");
}

#[tokio::test]
async fn ctrl_c_says_how_to_go_on() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::PATCH, Failure::RetryAfter(503, "60"))]);
    let address = format!("http://{}", server.address);
    let mut command = home.command(&address, REPORT, &[]);
    let interrupted = spawn_blocking(move || {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        lines.find(|line| line.contains("retrying in")).unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        (lines.collect::<Vec<_>>(), child.wait().unwrap())
    });
    let (lines, status) = interrupted.await.unwrap();
    assert_eq!(status.code(), Some(2));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("run the same command again to resume"), "{lines:?}");
    assert_submitted(&home.upload_to(&server, &[]).await);
    assert_eq!(server.requests().iter().filter(|request| *request == "POST").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_report_is_refused_by_the_preflight() {
    let service = Service::embedded().await;
    let home = HomeFolder { token: service.driver(), ..HomeFolder::new() };
    let served = service.serve();
    let output = home.upload(&format!("http://{}", served.address), REPORT, &[]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("refused by the server: "), "{output:?}");
    assert!(!text(&output.stderr).contains("preflight skipped"), "{output:?}");
}

#[tokio::test]
async fn a_server_without_a_scheme_is_explained() {
    let home = HomeFolder::new();
    for server in ["localhost:8080", "127.0.0.1:8080", "api.test"] {
        let output = home.upload(server, REPORT, &[]).await;
        assert_eq!(output.status.code(), Some(2));
        let words = text(&output.stderr);
        assert!(words.contains(&format!("http://{server} or https://{server}")), "{words}");
    }
}

/// The data of a time zone that is always nine hours ahead (RFC 8536).
fn nine_hours_ahead() -> Vec<u8> {
    let block = |version: &[u8]| {
        let mut block = [b"TZif", version, &[0; 15][..]].concat();
        for count in [0_u32, 0, 0, 0, 1, 4] {
            block.extend(count.to_be_bytes());
        }
        block.extend(32_400_i32.to_be_bytes());
        block.extend([0, 0]);
        block.extend(b"JST\0");
        block
    };
    [block(b"2"), block(b"2"), b"\nJST-9\n".to_vec()].concat()
}

/// Those of the machine may be older than a change of the zone.
#[tokio::test]
async fn the_time_zone_data_of_the_machine_are_not_used() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let zones = home.folder.path().join("zones");
    std::fs::create_dir_all(zones.join("Asia")).unwrap();
    std::fs::write(zones.join("Asia/Almaty"), nine_hours_ahead()).unwrap();
    let mut command = home.command(&format!("http://{}", server.address), REPORT, &[]);
    command.env("TZDIR", &zones);
    let before = forte_media::model::Clock::system().now();
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_submitted(&output);
    let metadata = server.metadata(0);
    let sent = metadata.split(',').find_map(|pair| pair.strip_prefix("time_sent ")).unwrap();
    let sent = String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
    let sent: jiff::civil::DateTime = sent.parse().unwrap();
    let sent = jiff::tz::Offset::constant(5).to_timestamp(sent).unwrap();
    assert!(sent.duration_since(before).abs() < SignedDuration::from_mins(5), "{sent} {before}");
}

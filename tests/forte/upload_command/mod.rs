//! The command `upload`, against a server that fails as scripted and against the service itself.

mod messages;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use axum::http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};

use crate::harness::clips::{GOOD, NOT_MP4};
use crate::harness::log;
use crate::harness::preflight::too_short_with_moov_last;
use crate::harness::scripted_tus::{Failure, ScriptedTus};
use crate::harness::service::{Backend, Options, Service};

const REPORT: &str = "6f1c1bd2-7f0e-4c5e-9a54-0f3d8b7c2e11";

/// A home folder with a video.
struct HomeFolder {
    folder: TempDir,
    token: String,
}

impl HomeFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("осмотр.mp4"), GOOD).unwrap();
        Self { folder, token: "good".to_owned() }
    }

    fn video(&self) -> PathBuf {
        self.folder.path().join("осмотр.mp4")
    }

    /// Runs the command for the video.
    async fn upload(&self, server: &str, report: &str, more: &[&str]) -> Output {
        let mut command = self.command(server, report, more);
        let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
        log::append(&output.stderr);
        output
    }

    fn command(&self, server: &str, report: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forte-media"));
        command
            .arg("upload")
            .arg(self.video())
            .args(["--server", server, "--report", report])
            .args(more)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("FORTE_MEDIA_TOKEN", &self.token);
        command
    }

    async fn upload_to(&self, server: &ScriptedTus, more: &[&str]) -> Output {
        self.upload(&format!("http://{}", server.address), REPORT, more).await
    }

    /// The saved URLs of unfinished uploads.
    fn saved(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join(".local/state/forte-media/uploads");
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_submitted(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.starts_with("submitted\n"), "{shown}");
    assert!(shown.contains(&hex::encode(Sha256::digest(GOOD))), "{shown}");
}

#[tokio::test]
async fn sends_the_video_in_one_request_with_the_details_of_the_driver() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let output = home.upload_to(&server, &["--time-sent", "2026-01-31 09:50:06"]).await;
    assert_submitted(&output);
    assert_eq!(server.requests(), ["POST", &format!("PATCH 0+{}", GOOD.len()), "GET"]);
    assert_eq!(server.bytes(0), GOOD);
    let words = text(&output.stderr);
    assert!(words.contains("preflight skipped: the server has none"), "{words}");
    let metadata = server.metadata(0);
    for (key, value) in [
        ("ref_key", REPORT),
        ("time_sent", "2026-01-31 09:50:06"),
        ("lat", "43.238949"),
        ("long", "76.889709"),
        ("filename", "осмотр.mp4"),
        ("filetype", "video/mp4"),
        ("sha256", &hex::encode(Sha256::digest(GOOD))),
    ] {
        let pair = crate::harness::tus::encoded(&[(key, value)]);
        assert!(metadata.split(',').any(|sent| sent == pair), "{key}: {metadata}");
    }
    assert!(home.saved().is_empty());
}

#[tokio::test]
async fn sends_chunks_of_the_requested_length() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    assert_submitted(&home.upload_to(&server, &["--chunk", "4KiB"]).await);
    assert_eq!(server.bytes(0), GOOD);
    let chunks = server.requests().iter().filter(|request| request.starts_with("PATCH")).count();
    assert_eq!(chunks, GOOD.len().div_ceil(4096));
    assert!(server.requests().contains(&"PATCH 4096+4096".to_owned()));
}

#[tokio::test]
async fn resumes_at_the_offset_of_the_server_after_a_lost_connection() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::PATCH, Failure::CutAfter(1_000))]);
    let output = home.upload_to(&server, &[]).await;
    assert_submitted(&output);
    let rest = format!("PATCH 1000+{}", GOOD.len() - 1_000);
    assert_eq!(server.requests()[2..], ["HEAD", rest.as_str(), "GET"]);
    assert_eq!(server.bytes(0), GOOD);
    assert!(text(&output.stderr).contains("resuming at byte 1000"));
}

#[tokio::test]
async fn waits_as_long_as_retry_after_says_while_the_upload_is_locked() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([
        (Method::PATCH, Failure::RetryAfter(423, "1")),
        (Method::HEAD, Failure::RetryAfter(423, "1")),
    ]);
    let output = home.upload_to(&server, &[]).await;
    assert_submitted(&output);
    let words = text(&output.stderr);
    assert_eq!(words.matches("423 Locked; retrying in 1.").count(), 2, "{words}");
    assert_eq!(words.matches(" (Retry-After)").count(), 2, "{words}");
}

#[tokio::test]
async fn a_second_run_resumes_the_upload_of_the_first() {
    use std::os::unix::fs::PermissionsExt as _;

    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::PATCH, Failure::CutAfter(2_000))]);
    let output = home.upload_to(&server, &["--retries", "0"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("run the same command again"));
    let saved = home.saved();
    let mode = std::fs::metadata(&saved[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let output = home.upload_to(&server, &[]).await;
    assert_submitted(&output);
    let rest = format!("PATCH 2000+{}", GOOD.len() - 2_000);
    assert_eq!(server.requests()[2..], ["HEAD", rest.as_str(), "GET"]);
    assert_eq!(server.bytes(0), GOOD);
    assert!(home.saved().is_empty());
}

#[tokio::test]
async fn creates_a_new_upload_when_the_server_has_lost_the_first() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::PATCH, Failure::CutAfter(2_000))]);
    home.upload_to(&server, &["--retries", "0"]).await;
    server.expire(0);
    assert_submitted(&home.upload_to(&server, &[]).await);
    assert_eq!(server.bytes(1), GOOD);
    assert_eq!(server.requests()[2..4], ["HEAD", "POST"]);
}

#[tokio::test]
async fn refuses_a_bad_file_before_any_request() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    std::fs::write(home.video(), NOT_MP4).unwrap();
    let output = home.upload_to(&server, &["--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let outcome = json_of(&output);
    assert_eq!(outcome["outcome"], "refused");
    assert_eq!(outcome["by"], "inspection");
    assert_eq!(outcome["code"], "NOT_MP4");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn prints_the_refusal_of_the_server_with_its_code_and_position() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let details = json!({ "code": "NO_VIDEO_TRACK", "at": 1234, "judged_after": 2000 });
    let body = json!({ "status": "error", "data": {
        "message": "there is no picture", "code": 422, "error": "video_refused",
        "request_id": "r-1", "details": details,
    }});
    server.script([(Method::PATCH, Failure::Respond(422, body))]);
    let output = home.upload_to(&server, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.starts_with("refused by the server: there is no picture\n"), "{shown}");
    for known in ["NO_VIDEO_TRACK", "video_refused", "1234", "r-1"] {
        assert!(shown.contains(known), "{known}: {shown}");
    }
    assert!(home.saved().is_empty());
}

#[tokio::test]
async fn asks_for_the_refusal_whose_response_was_lost() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let refusal = json!({ "code": "TRUNCATED", "at": 77, "message": "the end is missing",
                          "judged_after": 500, "notes": [] });
    let state = json!({ "data": { "submission_id": null, "refusal": refusal } });
    server.script([
        (Method::PATCH, Failure::CutAfter(500)),
        (Method::HEAD, Failure::Respond(410, json!({}))),
        (Method::GET, Failure::Respond(200, state)),
    ]);
    let output = home.upload_to(&server, &["--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let outcome = json_of(&output);
    assert_eq!(outcome["by"], "server");
    assert_eq!(outcome["message"], "the end is missing");
    assert_eq!((&outcome["code"], &outcome["at"]), (&json!("TRUNCATED"), &json!(77)));
}

#[tokio::test]
async fn succeeds_when_the_report_already_has_the_same_video() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let refusal = |sha256: String| {
        json!({ "data": { "message": "the report is submitted", "error": "report_already_submitted",
                          "details": { "sha256": sha256 } } })
    };
    let same = hex::encode(Sha256::digest(GOOD));
    server.script([
        (Method::POST, Failure::Respond(422, refusal(same))),
        (Method::POST, Failure::Respond(422, refusal("0".repeat(64)))),
    ]);
    let output = home.upload_to(&server, &[]).await;
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("already submitted\n"));
    let output = home.upload_to(&server, &[]).await;
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn sends_the_whole_form_again_after_a_lost_connection() {
    let (home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    server.script([(Method::POST, Failure::CutAfter(0))]);
    assert_submitted(&home.upload_to(&server, &["--door", "form"]).await);
    let forms = server.forms();
    let form = &forms[0];
    assert!(form.windows(GOOD.len()).any(|window| window == GOOD));
    let head = String::from_utf8_lossy(form);
    assert!(head.contains(&format!("name=\"ref_key\"\r\n\r\n{REPORT}\r\n")), "{head}");
    assert!(head.contains("name=\"file\"; filename=\"осмотр.mp4\""), "{head}");
}

#[tokio::test]
async fn exits_with_code_2_and_the_reason_when_nothing_can_be_done() {
    let (mut home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    let unreachable = home.upload("http://127.0.0.1:1", REPORT, &["--retries", "0"]).await;
    assert_eq!(unreachable.status.code(), Some(2));
    assert!(text(&unreachable.stderr).contains("cannot reach the server"));
    for (wrong, named) in [(["--lat", "91"], "--lat"), (["--time-sent", "soon"], "--time-sent")] {
        let output = home.upload_to(&server, &wrong).await;
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(named));
    }
    for token in ["", "old"] {
        token.clone_into(&mut home.token);
        let output = home.upload_to(&server, &[]).await;
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("POST /auth"), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn reads_the_token_from_a_file() {
    let (mut home, server) = (HomeFolder::new(), ScriptedTus::start().await);
    home.token.clear();
    let file = home.folder.path().join("token");
    std::fs::write(&file, "good\n").unwrap();
    let file: &Path = &file;
    assert_submitted(&home.upload_to(&server, &["--token-file", file.to_str().unwrap()]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_accepts_the_video_by_each_protocol() {
    let (service, server, _serving) = served(&[]).await;
    let home = HomeFolder { token: service.driver(), ..HomeFolder::new() };
    for protocol in ["tus", "form"] {
        let report = service.report().await.to_string();
        let sent = home.upload(&server, &report, &["--door", protocol, "--json"]).await;
        assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
        let outcome = json_of(&sent);
        assert_eq!(outcome["outcome"], "submitted");
        assert!(outcome["submission_id"].is_string(), "{protocol}: {outcome}");
        let again = home.upload(&server, &report, &["--json"]).await;
        assert_eq!(json_of(&again)["outcome"], "already_submitted", "{}", text(&again.stderr));
    }
}

/// Starts the service on a real port, with its own address as public URL.
async fn served(
    settings: &[(&'static str, &str)],
) -> (Service, String, JoinSet<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let mut settings: Vec<_> =
        settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    settings.push(("HTTP__PUBLIC_URL", server.clone()));
    let options = Options { settings, ..Options::default() };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(axum::serve(listener, service.router.clone()).into_future());
    (service, server, serving)
}

/// 64 MiB with `moov` last: only what the preflight needs is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn does_not_send_a_video_that_the_preflight_refuses() {
    let (service, server, _serving) = served(&[]).await;
    let home = HomeFolder { token: service.driver(), ..HomeFolder::new() };
    std::fs::write(home.video(), too_short_with_moov_last(64 * 1024 * 1024)).unwrap();
    let report = service.report().await.to_string();
    // The local inspection would have refused it first.
    let refused = home.upload(&server, &report, &["--no-inspect", "--json"]).await;
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    let outcome = json_of(&refused);
    assert_eq!(outcome["by"], "preflight");
    assert_eq!(outcome["code"], "DURATION_OUT_OF_RANGE");
    let reasons = outcome["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{outcome}");
    let sent = outcome["sent"].as_u64().unwrap();
    assert!(sent > 1024 * 1024 && sent * 10 < 12 * 1024 * 1024, "{sent} bytes");
    let driver = service.env.fixture.driver.id;
    assert_eq!(service.database().count_active_uploads(driver).await.unwrap(), 0);
    let shown = home.upload(&server, &report, &["--no-inspect"]).await;
    assert_eq!(shown.status.code(), Some(1));
    let shown = text(&shown.stdout);
    let beginning = format!("refused by the server's preflight ({sent} of 67108864 bytes sent)\n");
    assert!(shown.starts_with(&beginning), "{shown}");
    assert!(shown.contains("\nDURATION_OUT_OF_RANGE at byte "), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prints_every_reason_and_the_preflight_can_be_skipped() {
    let settings = [("INSPECT__CODECS", "vp09"), ("INSPECT__MIN_DURATION", "10m")];
    let (service, server, _serving) = served(&settings).await;
    let home = HomeFolder { token: service.driver(), ..HomeFolder::new() };
    let report = service.report().await.to_string();
    let refused = home.upload(&server, &report, &["--json"]).await;
    let codes: Vec<_> = json_of(&refused)["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["CODEC_UNSUPPORTED", "DURATION_OUT_OF_RANGE"]);
    let direct = home.upload(&server, &report, &["--no-preflight", "--json"]).await;
    assert_eq!(direct.status.code(), Some(1));
    assert_eq!(json_of(&direct)["by"], "server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_a_video_that_passes_the_preflight_and_skips_it_when_resuming() {
    let (service, server, _serving) = served(&[]).await;
    let home = HomeFolder { token: service.driver(), ..HomeFolder::new() };
    let report = service.report().await.to_string();
    let sent = home.upload(&server, &report, &[]).await;
    assert_submitted(&sent);
    let words = text(&sent.stderr);
    assert!(words.contains("preflight passed ("), "{words}");
    // The first run gives up; the second one resumes.
    let scripted = ScriptedTus::start().await;
    scripted.script([(Method::PATCH, Failure::CutAfter(1_000))]);
    let home = HomeFolder::new();
    assert_eq!(home.upload_to(&scripted, &["--retries", "0"]).await.status.code(), Some(2));
    let again = home.upload_to(&scripted, &[]).await;
    assert_submitted(&again);
    assert!(!text(&again.stderr).contains("preflight"), "{}", text(&again.stderr));
}

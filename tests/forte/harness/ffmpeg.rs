//! Clips made by ffmpeg, for formats that `samples/` lacks.

use std::fs;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Encodes two seconds of video and audio to a file with the extension `kind` (`mp4`, `mov`).
/// Prints a message and returns `None` if ffmpeg or the encoder is not installed.
///
/// # Panics
/// Instead of `None` when `FORTE_TEST_REQUIRE=all` is set, as CI does.
pub(crate) fn clip(kind: &str, options: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip").with_extension(kind);
    let video = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2"];
    let audio = ["-f", "lavfi", "-i", "sine=sample_rate=44100:duration=2"];
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(video)
        .args(audio)
        .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"])
        .args(options)
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Some(fs::read(&path).unwrap());
    }
    report_missing(options);
    None
}

fn report_missing(options: &[&str]) {
    let message = format!("ffmpeg cannot encode {options:?}: this part of the test is skipped");
    let required = std::env::var_os("FORTE_TEST_REQUIRE").is_some_and(|value| value == "all");
    assert!(!required, "{message}");
    let mut out = io::stderr();
    writeln!(out, "{message}").unwrap(); // eprintln! would be captured
}

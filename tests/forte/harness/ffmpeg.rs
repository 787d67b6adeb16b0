//! Clips made by ffmpeg on the spot, for the shapes that `samples/` has not got.

use std::fs;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// What an encoder makes of two seconds of picture and sound, as a file of a kind (`mp4`, `mov`);
/// `None`, said aloud, where ffmpeg or the encoder is not installed.
///
/// # Panics
/// Instead of `None` when `FORTE_TEST_REQUIRE=all` is set, as CI does.
pub(crate) fn clip(kind: &str, options: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip").with_extension(kind);
    let picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2"];
    let sound = ["-f", "lavfi", "-i", "sine=sample_rate=44100:duration=2"];
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(picture)
        .args(sound)
        .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"])
        .args(options)
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Some(fs::read(&path).unwrap());
    }
    missing(options);
    None
}

fn missing(options: &[&str]) {
    let words = format!("ffmpeg cannot make {options:?} here: that part is left out");
    let required = std::env::var_os("FORTE_TEST_REQUIRE").is_some_and(|what| what == "all");
    assert!(!required, "{words}");
    let mut out = io::stderr();
    writeln!(out, "{words}").unwrap(); // eprintln! would be captured
}

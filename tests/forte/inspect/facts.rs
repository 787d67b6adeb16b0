//! Facts: what a file says of itself, and what ffprobe makes of it.

use std::path::Path;
use std::process::Command;

use forte_media::inspect::Config;
use forte_media::model::Facts;
use serde_json::Value;

use super::corpus::{Labelled, corpus, say};
use crate::harness::mp4::judge;

/// How far two statements of a duration may lie apart, in milliseconds: ffprobe leaves out what an
/// edit list skips, a picture or two.
const SLACK_MS: f64 = 100.0;

/// Where we differ on purpose: the file, what about it, and why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "mp4ff/main_1.mp4",
        "duration",
        "begins in the middle of a stream, whose start ffprobe counts from",
    ),
    (
        "mp4ff/cbcsdec.mp4",
        "duration",
        "begins in the middle of a stream, whose start ffprobe counts from",
    ),
    (
        "mp4ff/outV300.mp4",
        "duration",
        "holds two segments; ffprobe tells the length announced for the stream",
    ),
    (
        "mp4ff/v300_multiple_segments.mp4",
        "duration",
        "holds two segments; ffprobe tells the length announced for the stream",
    ),
    (
        "androidx-media/sample_with_fake_auxiliary_tracks.mp4",
        "size",
        "its sample entry contradicts its parameter sets, which ffprobe prefers",
    ),
];

/// What ffprobe says of a file; `None` where it is not installed.
fn ffprobe(path: &Path) -> Option<Value> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-show_format", "-show_streams", "-of", "json"])
        .arg(path)
        .output()
        .ok()?;
    serde_json::from_slice(&out.stdout).ok()
}

fn stream<'p>(probed: &'p Value, kind: &str) -> Option<&'p Value> {
    let streams = probed["streams"].as_array()?;
    streams.iter().find(|stream| stream["codec_type"] == kind)
}

/// What ffprobe says otherwise.
fn differences(facts: &Facts, probed: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut compare = |what, ours: String, theirs: String| {
        if ours != theirs {
            found.push((what, format!("{ours}, ffprobe says {theirs}")));
        }
    };
    if let Some(theirs) = probed["format"]["duration"].as_str() {
        let theirs = theirs.parse::<f64>().unwrap() * 1000.0;
        let ours = facts.duration_ms.unwrap_or(0) as f64;
        if (ours - theirs).abs() > SLACK_MS {
            compare("duration", format!("{ours} ms"), format!("{theirs} ms"));
        }
    }
    if let Some(video) = stream(probed, "video") {
        let size = [facts.coded_width, facts.coded_height].map(Option::unwrap_or_default);
        let theirs = [&video["width"], &video["height"]].map(|it| it.as_u64().unwrap_or(0));
        compare("size", format!("{size:?}"), format!("{theirs:?}"));
        let codec = video["codec_tag_string"].as_str().unwrap_or_default();
        compare("codec", facts.video_codec.clone().unwrap_or_default(), codec.to_owned());
        if let Some(level) = level(facts.video_codec_string.as_deref().unwrap_or_default()) {
            compare("level", level.to_string(), video["level"].to_string());
        }
    }
    if let Some(audio) = stream(probed, "audio") {
        let codec = audio["codec_tag_string"].as_str().unwrap_or_default();
        compare("sound codec", facts.audio_codec.clone().unwrap_or_default(), codec.to_owned());
        let rate = facts.sample_rate.map_or("0".to_owned(), |rate| rate.to_string());
        compare("rate", rate, audio["sample_rate"].as_str().unwrap_or("0").to_owned());
        let channels = facts.channels.unwrap_or(0).to_string();
        compare("channels", channels, audio["channels"].to_string());
    }
    let ours = facts.location.map(|it| format!("{:+.4}{:+.4}", it.lat, it.long));
    compare("location", ours.unwrap_or_default(), location(&probed["format"]["tags"]));
    found
}

/// The level of H.264 and H.265, as ffprobe counts it.
fn level(codec: &str) -> Option<u32> {
    let parts: Vec<&str> = codec.split('.').collect();
    match parts[..] {
        ["avc1" | "avc3", all] => u32::from_str_radix(all.get(4..)?, 16).ok(),
        ["hvc1" | "hev1", _, _, level, ..] => level.get(1..)?.parse().ok(),
        _ => None,
    }
}

/// The place that ffprobe found, to four decimals.
fn location(tags: &Value) -> String {
    let names = ["location", "com.apple.quicktime.location.ISO6709", "location-eng"];
    let Some(text) = names.iter().find_map(|name| tags[name].as_str()) else {
        return String::new();
    };
    let cut = text[1..].find(['+', '-']).unwrap() + 1;
    let end = text[cut + 1..].find(['+', '-', '/']).map_or(text.len(), |end| end + cut + 1);
    let number = |text: &str| text.parse::<f64>().unwrap();
    format!("{:+.4}{:+.4}", number(&text[..cut]), number(&text[cut..end]))
}

fn disagreements(file: &Labelled) -> Vec<(&'static str, String)> {
    let Ok(found) = judge(&file.bytes, Config::relaxed()) else { return Vec::new() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Some(probed) = ffprobe(&folder.join(&file.file)) else { return Vec::new() };
    differences(&found.facts, &probed)
}

#[test]
fn ffprobe_agrees_but_for_a_list_with_reasons() {
    if Command::new("ffprobe").arg("-version").output().is_err() {
        return say("ffprobe is not installed: its comparison is left out");
    }
    let files = corpus();
    let mut unlisted = Vec::new();
    let mut used = 0;
    for file in files.iter().filter(|file| file.clean_video) {
        for (what, how) in disagreements(file) {
            let listed = DIFFERENT.iter().any(|(name, of, _)| (*name, *of) == (&file.file, what));
            used += usize::from(listed);
            if !listed {
                unlisted.push(format!("{}: {what}: {how}", file.file));
            }
        }
    }
    assert_eq!(unlisted, Vec::<String>::new());
    assert!(files.is_empty() || used == DIFFERENT.len(), "a difference that is none any more");
}

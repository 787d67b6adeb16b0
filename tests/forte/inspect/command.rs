//! `forte-media inspect`: what it prints and how it ends.

use std::path::PathBuf;

use forte_media::cli::{Answer, Inspect};
use serde_json::{Value, json};

use crate::harness::mp4::{default_rules, samples};

/// What the command says of some samples: its answer, its data, its words.
fn run(files: &[&str], json: bool, declared_length: Option<u64>) -> (Answer, String, String) {
    let files = files.iter().map(|name| samples().join(name)).collect::<Vec<PathBuf>>();
    let command = Inspect { files, json, declared_length };
    let (mut data, mut words) = (Vec::new(), Vec::new());
    let answer = command.print(default_rules(), &mut data, &mut words).unwrap();
    (answer, String::from_utf8(data).unwrap(), String::from_utf8(words).unwrap())
}

#[test]
fn an_accepted_file_is_told_in_full() {
    let (answer, data, _) = run(&["good-moov-last.mp4"], true, None);
    assert_eq!(answer, Answer::Done);
    let report: Value = serde_json::from_str(&data).unwrap();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 9);
    assert_eq!(report["verdict"], "accepted");
    assert_eq!(report["code"], Value::Null);
    assert_eq!(report["judged_after"], 18_553);
    assert_eq!(report["facts"]["duration_ms"], 2000);
    assert_eq!(report["facts"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(report["facts"]["created_at"], "2026-01-15T08:30:00Z");
    assert_eq!(report["facts"].as_object().unwrap().len(), 30);
}

#[test]
fn a_refused_file_is_told_and_ends_with_one() {
    let (answer, data, _) = run(&["good-moov-last.mp4", "bad-not-mp4.mp4"], true, None);
    assert_eq!(answer, Answer::No);
    let report: Value = serde_json::from_str(data.lines().nth(1).unwrap()).unwrap();
    assert_eq!(report["verdict"], "refused");
    assert_eq!(report["code"], "NOT_MP4");
    assert_eq!((&report["at"], &report["judged_after"]), (&json!(0), &json!(8)));
    assert_eq!(report["notes"], json!([]));
}

#[test]
fn a_file_that_cannot_be_read_ends_with_two() {
    let (answer, data, words) = run(&["no-such-file.mp4", "bad-not-mp4.mp4"], false, None);
    assert_eq!(answer, Answer::CouldNot);
    assert!(words.contains("no-such-file.mp4"));
    assert!(data.contains("bad-not-mp4.mp4: refused, NOT_MP4 at byte 0, after 8 of"), "{data}");
}

#[test]
fn a_declared_length_is_judged_against() {
    let (answer, data, _) = run(&["good-moov-last.mp4"], true, Some(18_554));
    assert_eq!(answer, Answer::No);
    assert!(data.contains("TRUNCATED"), "{data}");
    let (_, data, _) = run(&["good-moov-last.mp4"], true, Some(18_552));
    assert!(data.contains("BOX_BEYOND_END"), "{data}");
}

#[test]
fn a_person_can_read_the_report() {
    let (_, data, _) = run(&["good-moov-last.mp4"], false, None);
    assert!(data.contains("accepted"));
    assert!(data.contains("2.000 s, 320 by 240 pixels, picture avc1, sound mp4a"), "{data}");
}

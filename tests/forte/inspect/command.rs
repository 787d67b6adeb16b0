//! `forte-media inspect`: what it prints and how it ends.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use forte_media::cli::{Answer, Inspect};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::boxes::{boxed, leaf};
use crate::harness::mp4::{default_rules, edited, sample, samples};

/// What the command says of some samples: its answer, its data, its words.
fn run(files: &[&str], json: bool, declared_length: Option<u64>) -> (Answer, String, String) {
    said(&Inspect { files: paths(files), json, declared_length, ..Inspect::default() })
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| samples().join(name)).collect()
}

fn said(command: &Inspect) -> (Answer, String, String) {
    let (mut data, mut words) = (Vec::new(), Vec::new());
    let answer = command.print(default_rules(), &mut data, &mut words).unwrap();
    (answer, String::from_utf8(data).unwrap(), String::from_utf8(words).unwrap())
}

/// What the command shows of the boxes of a file.
fn tree_of(file: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    fs::write(&path, file).unwrap();
    let (_, data, _) = said(&Inspect { files: vec![path], tree: true, ..Inspect::default() });
    without(folder.path(), &data)
}

/// Paths of this machine do not belong into a snapshot.
fn without(folder: &Path, text: &str) -> String {
    text.replace(&format!("{}/", folder.display()), "")
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

#[test]
fn the_report_of_a_good_file_is_as_published() {
    let (_, data, _) = run(&["good-moov-last.mp4"], false, None);
    assert_snapshot!(without(&samples(), &data));
}

#[test]
fn the_report_of_bad_files_is_as_published() {
    let bad = ["bad-not-mp4.mp4", "bad-truncated.mp4", "bad-no-video.mp4", "bad-too-short.mp4"];
    let (_, data, words) = run(&bad, false, None);
    assert_snapshot!(without(&samples(), &data));
    assert_snapshot!(words);
}

#[test]
fn the_line_for_a_program_is_as_published() {
    let (_, data, _) = run(&["good-fragmented.mp4", "bad-truncated.mp4"], true, None);
    assert_snapshot!(without(&samples(), &data));
}

#[test]
fn the_boxes_of_a_good_file_are_shown() {
    assert_snapshot!(tree_of(&sample("good-moov-last.mp4")));
}

#[test]
fn the_boxes_of_a_fragmented_file_are_shown() {
    assert_snapshot!(tree_of(&sample("good-fragmented.mp4")));
}

#[test]
fn the_boxes_of_a_cut_file_are_shown_as_far_as_they_are_there() {
    let file = sample("good-moov-first.mp4");
    assert_snapshot!(tree_of(&file[..1000]));
}

#[test]
fn the_trouble_is_shown_at_its_box() {
    let file = edited("good-moov-last.mp4", |file| {
        file.at("moov/trak/mdia/mdhd").set(12, 0);
        file.at("moov/trak:1/mdia/minf/stbl/stco").fields.truncate(10);
        file.at("moov/trak:1/mdia/minf").children.push(leaf(*b"ab\x00d", b"lost"));
        file.children.push(leaf(*b"????", b"recorder's own"));
    });
    assert_snapshot!(tree_of(&[file, vec![0; 5]].concat()));
}

/// Whatever it is: nothing is a reason to fail, or to write without end.
#[test]
fn an_outline_has_an_end() {
    assert!(tree_of(b"%PDF-1.7 and so on").contains("bytes of `-1.7` are missing"));
    assert!(tree_of(b"\0\0\0\x08\x01\x02\x03\x04").contains("no box begins here"));
    assert!(tree_of(b"").contains("at       size  box"));
    let many = boxed(*b"free", b"").repeat(50_000);
    let tree = tree_of(&[sample("good-moov-last.mp4"), many].concat());
    assert!(tree.lines().count() < 10_100, "{} lines", tree.lines().count());
    assert!(tree.contains("the rest is left out"));
    let tower = (0..40).fold(vec![0; 8], |inner, _| boxed(*b"trak", &inner));
    assert!(tree_of(&boxed(*b"moov", &tower)).contains("nested too deep"));
}

#[test]
fn the_boxes_are_there_for_a_program_too() {
    let files = paths(&["good-moov-last.mp4"]);
    let (_, data, _) = said(&Inspect { files, json: true, tree: true, ..Inspect::default() });
    let report: Value = serde_json::from_str(&data).unwrap();
    let first = &report["boxes"][0];
    assert_eq!((&first["kind"], &first["at"]), (&json!("ftyp"), &json!(0)));
}

/// A folder with videos in it, in folders, and what is no video.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/deep")).unwrap();
    let good = sample("good-moov-last.mp4");
    for name in ["b.mp4", "a/Z.MOV", "a/deep/c.3gp", "a/y.m4v"] {
        fs::write(folder.path().join(name), &good).unwrap();
    }
    fs::write(folder.path().join("a/bad.mp4"), b"nothing").unwrap();
    fs::write(folder.path().join("notes.txt"), b"not looked at").unwrap();
    folder
}

#[test]
fn folders_are_searched_in_order() {
    let folder = folder();
    let files = vec![folder.path().to_owned()];
    let (answer, data, words) = said(&Inspect { files, json: true, ..Inspect::default() });
    assert_eq!(answer, Answer::No);
    let name = |line| serde_json::from_str::<Value>(line).unwrap()["file"].clone();
    let names = data.lines().map(name).collect::<Vec<_>>();
    let wanted = ["a/Z.MOV", "a/bad.mp4", "a/deep/c.3gp", "a/y.m4v", "b.mp4"];
    let wanted = wanted.map(|name| folder.path().join(name).display().to_string());
    assert_eq!(names, wanted);
    assert_eq!(words, "5 files: 4 accepted, 1 refused (NOT_MP4 1)\n");
}

#[test]
fn a_folder_without_a_video_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![folder.path().to_owned()];
    let (answer, data, words) = said(&Inspect { files, ..Inspect::default() });
    assert_eq!((answer, data.as_str()), (Answer::CouldNot, ""));
    assert!(words.contains("there is no video in"), "{words}");
}

#[test]
fn many_files_at_a_time_are_told_in_their_order() {
    let names = ["bad-not-mp4.mp4", "good-moov-last.mp4", "no-such-file.mp4"].repeat(100);
    let with = |jobs| {
        let (files, jobs) = (paths(&names), NonZeroUsize::new(jobs));
        said(&Inspect { files, json: true, jobs, ..Inspect::default() })
    };
    let (one, many) = (with(1), with(8));
    assert_eq!(one, many);
    assert!(
        many.2.ends_with(
            "300 files: 100 accepted, 100 refused (NOT_MP4 100), 100 could not be read\n"
        )
    );
}

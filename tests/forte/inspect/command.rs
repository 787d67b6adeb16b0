//! The output and the exit code of `forte-media inspect`.

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use forte_media::cli::{Answer, Inspect};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::boxes::{boxed, leaf};
use crate::harness::mp4::{default_rules, edited, sample, samples};

/// Runs the command on samples. Returns its answer, standard output and standard error.
fn run(files: &[&str], json: bool, declared_length: Option<u64>) -> (Answer, String, String) {
    execute(&Inspect { files: paths(files), json, declared_length, ..Inspect::default() })
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| samples().join(name)).collect()
}

fn execute(command: &Inspect) -> (Answer, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let answer = command.print(default_rules(), &mut out, &mut err).unwrap();
    (answer, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// The output with `--tree` for a file with these bytes.
fn tree_of(file: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    fs::write(&path, file).unwrap();
    let (_, out, _) = execute(&Inspect { files: vec![path], tree: true, ..Inspect::default() });
    relative_to(folder.path(), &out)
}

/// Removes the folder from paths, so that a snapshot does not depend on the machine.
fn relative_to(folder: &Path, text: &str) -> String {
    text.replace(&format!("{}/", folder.display()), "")
}

#[test]
fn reports_every_field_of_an_accepted_file() {
    let (answer, out, _) = run(&["good-moov-last.mp4"], true, None);
    assert_eq!(answer, Answer::Done);
    let report: Value = serde_json::from_str(&out).unwrap();
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
fn a_refused_file_is_reported_and_gives_exit_code_1() {
    let (answer, out, _) = run(&["good-moov-last.mp4", "bad-not-mp4.mp4"], true, None);
    assert_eq!(answer, Answer::No);
    let report: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(report["verdict"], "refused");
    assert_eq!(report["code"], "NOT_MP4");
    assert_eq!((&report["at"], &report["judged_after"]), (&json!(0), &json!(8)));
    assert_eq!(report["notes"], json!([]));
}

#[test]
fn an_unreadable_file_gives_exit_code_2() {
    let (answer, out, err) = run(&["no-such-file.mp4", "bad-not-mp4.mp4"], false, None);
    assert_eq!(answer, Answer::Failed);
    assert!(err.contains("no-such-file.mp4"));
    assert!(out.contains("bad-not-mp4.mp4: refused, NOT_MP4 at byte 0, after 8 of"), "{out}");
}

#[test]
fn the_file_is_checked_against_the_declared_length() {
    let (answer, out, _) = run(&["good-moov-last.mp4"], true, Some(18_554));
    assert_eq!(answer, Answer::No);
    assert!(out.contains("TRUNCATED"), "{out}");
    let (_, out, _) = run(&["good-moov-last.mp4"], true, Some(18_552));
    assert!(out.contains("BOX_BEYOND_END"), "{out}");
}

#[test]
fn the_report_is_readable_text() {
    let (_, out, _) = run(&["good-moov-last.mp4"], false, None);
    assert!(out.contains("accepted"));
    assert!(out.contains("2.000 s, 320 by 240 pixels, video avc1, audio mp4a"), "{out}");
}

#[test]
fn prints_the_report_of_an_accepted_file() {
    let (_, out, _) = run(&["good-moov-last.mp4"], false, None);
    assert_snapshot!(relative_to(&samples(), &out));
}

#[test]
fn prints_the_reports_of_refused_files() {
    let bad = ["bad-not-mp4.mp4", "bad-truncated.mp4", "bad-no-video.mp4", "bad-too-short.mp4"];
    let (_, out, err) = run(&bad, false, None);
    assert_snapshot!(relative_to(&samples(), &out));
    assert_snapshot!(err);
}

#[test]
fn prints_one_json_line_per_file() {
    let (_, out, _) = run(&["good-fragmented.mp4", "bad-truncated.mp4"], true, None);
    assert_snapshot!(relative_to(&samples(), &out));
}

#[test]
fn shows_the_boxes_of_an_accepted_file() {
    assert_snapshot!(tree_of(&sample("good-moov-last.mp4")));
}

#[test]
fn shows_the_boxes_of_a_fragmented_file() {
    assert_snapshot!(tree_of(&sample("good-fragmented.mp4")));
}

#[test]
fn shows_the_boxes_of_a_truncated_file_up_to_its_end() {
    let file = sample("good-moov-first.mp4");
    assert_snapshot!(tree_of(&file[..1000]));
}

#[test]
fn marks_each_finding_at_its_box() {
    let file = edited("good-moov-last.mp4", |file| {
        file.at("moov/trak/mdia/mdhd").set(12, 0);
        file.at("moov/trak:1/mdia/minf/stbl/stco").fields.truncate(10);
        file.at("moov/trak:1/mdia/minf").children.push(leaf(*b"ab\x00d", b"lost"));
        file.children.push(leaf(*b"????", b"recorder's own"));
    });
    assert_snapshot!(tree_of(&[file, vec![0; 5]].concat()));
}

#[test]
fn the_outline_of_any_input_is_bounded() {
    assert!(tree_of(b"%PDF-1.7 and so on").contains("bytes of `-1.7` are missing"));
    assert!(tree_of(b"\0\0\0\x08\x01\x02\x03\x04").contains("no box begins here"));
    assert!(tree_of(b"").contains("at       size  box"));
    let many = boxed(*b"free", b"").repeat(50_000);
    let tree = tree_of(&[sample("good-moov-last.mp4"), many].concat());
    assert!(tree.lines().count() < 10_100, "{} lines", tree.lines().count());
    assert!(tree.contains("the rest is left out"));
    let nested = (0..40).fold(vec![0; 8], |inner, _| boxed(*b"trak", &inner));
    assert!(tree_of(&boxed(*b"moov", &nested)).contains("nested too deep"));
}

#[test]
fn json_reports_contain_the_boxes() {
    let files = paths(&["good-moov-last.mp4"]);
    let (_, out, _) = execute(&Inspect { files, json: true, tree: true, ..Inspect::default() });
    let report: Value = serde_json::from_str(&out).unwrap();
    let first = &report["boxes"][0];
    assert_eq!((&first["kind"], &first["at"]), (&json!("ftyp"), &json!(0)));
}

/// A folder with videos in nested folders, and with other files.
fn folder_with_videos() -> TempDir {
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
fn searches_folders_in_order() {
    let folder = folder_with_videos();
    let files = vec![folder.path().to_owned()];
    let (answer, out, err) = execute(&Inspect { files, json: true, ..Inspect::default() });
    assert_eq!(answer, Answer::No);
    let name = |line| serde_json::from_str::<Value>(line).unwrap()["file"].clone();
    let names = out.lines().map(name).collect::<Vec<_>>();
    let expected = ["a/Z.MOV", "a/bad.mp4", "a/deep/c.3gp", "a/y.m4v", "b.mp4"];
    let expected = expected.map(|name| folder.path().join(name).display().to_string());
    assert_eq!(names, expected);
    assert_eq!(err, "5 files: 4 accepted, 1 refused (NOT_MP4 1)\n");
}

#[test]
fn reports_a_folder_without_videos() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![folder.path().to_owned()];
    let (answer, out, err) = execute(&Inspect { files, ..Inspect::default() });
    assert_eq!((answer, out.as_str()), (Answer::Failed, ""));
    assert!(err.contains("no video found in"), "{err}");
}

#[test]
fn parallel_jobs_keep_the_order_of_the_files() {
    let names = ["bad-not-mp4.mp4", "good-moov-last.mp4", "no-such-file.mp4"].repeat(100);
    let run_with = |jobs| {
        let (files, jobs) = (paths(&names), NonZeroUsize::new(jobs));
        execute(&Inspect { files, json: true, jobs, ..Inspect::default() })
    };
    let (serial, parallel) = (run_with(1), run_with(8));
    assert_eq!(serial, parallel);
    assert!(
        parallel.2.ends_with(
            "300 files: 100 accepted, 100 refused (NOT_MP4 100), 100 could not be read\n"
        )
    );
}

/// A writer that fails after one line.
#[derive(Default)]
struct ClosedPipe {
    lines: usize,
}

impl Write for ClosedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.lines > 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.lines += bytes.split(|byte| *byte == b'\n').count() - 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn stops_at_the_first_write_error() {
    let files = paths(&["good-moov-last.mp4"; 3]);
    let command = Inspect { files, json: true, ..Inspect::default() };
    let (mut out, mut err) = (ClosedPipe::default(), Vec::new());
    assert!(command.print(default_rules(), &mut out, &mut err).is_err());
    assert_eq!((out.lines, err), (1, Vec::new()));
}

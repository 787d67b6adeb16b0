//! Real files written by phones and by test suites, where they are at hand. The project does not
//! contain them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use forte_media::inspect::Config;

use crate::harness::mp4::{judge, judge_in_pieces};

/// One line of the labels.
struct Labelled {
    file: String,
    bytes: Vec<u8>,
    clean: bool,
    duration_ms: Option<u64>,
    has_video: bool,
}

impl Labelled {
    /// Whether it is a whole, open video: not just the head of a stream, which has no media, and not
    /// encrypted. Told by the bytes, not by the inspection.
    fn is_to_be_accepted(&self) -> bool {
        let contains = |kind: &[u8]| self.bytes.windows(4).any(|window| window == kind);
        self.clean && self.has_video && contains(b"mdat") && !contains(b"encv")
    }
}

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    say("no corpus beside the package: its tests are left out");
    None
}

fn say(words: &str) {
    writeln!(io::stderr(), "{words}").unwrap();
}

fn corpus() -> Option<Vec<Labelled>> {
    let folder = folder()?;
    let labels = fs::read_to_string(folder.join("labels.tsv")).unwrap();
    let lines = labels.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let codecs = ["h264", "hevc", "av1", "mpeg4", "h263", "vp9", "video"];
        let seconds: Option<f64> = fields[4].parse().ok();
        Labelled {
            file: fields[0].to_owned(),
            bytes: fs::read(folder.join(fields[0])).unwrap(),
            clean: fields[3] == "clean",
            duration_ms: seconds.map(|seconds| (seconds * 1000.0).round() as u64),
            has_video: fields[5].split(',').any(|stream| codecs.contains(&stream)),
        }
    });
    Some(lines.collect())
}

#[test]
fn no_real_file_and_no_part_of_one_makes_the_inspection_fail() {
    for file in corpus().unwrap_or_default() {
        for percent in [10, 50, 90, 99, 100] {
            let part = &file.bytes[..file.bytes.len() * percent / 100];
            let whole = judge(part, Config::relaxed());
            let pieces = judge_in_pieces(part, Config::relaxed(), 4096);
            assert_eq!(whole, pieces, "{} at {percent} %", file.file);
            assert!(percent == 100 || whole.is_err(), "{} at {percent} %", file.file);
        }
    }
}

#[test]
fn nearly_all_clean_videos_are_accepted() {
    let files = corpus().unwrap_or_default();
    let videos: Vec<&Labelled> = files.iter().filter(|file| file.is_to_be_accepted()).collect();
    let mut accepted = 0;
    for file in &videos {
        match judge(&file.bytes, Config::relaxed()) {
            Ok(found) => {
                accepted += 1;
                let (ours, theirs) = (found.facts.duration_ms, file.duration_ms);
                if ours.zip(theirs).is_none_or(|(ours, theirs)| ours.abs_diff(theirs) > 50) {
                    say(&format!("{}: {ours:?} ms, ffprobe {theirs:?}", file.file));
                }
                for note in found.notes {
                    say(&format!("{}: note {} {}", file.file, note.check, note.message));
                }
            }
            Err(refusal) => say(&format!(
                "{}: refused {} {}",
                file.file, refusal.finding.check, refusal.finding.message
            )),
        }
    }
    say(&format!("{accepted} of {} clean videos are accepted", videos.len()));
    assert!(accepted * 100 >= videos.len() * 95);
}

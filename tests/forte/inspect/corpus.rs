//! Real files written by phones and by test suites, where they are at hand. The project does not
//! contain them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use forte_media::inspect::{Config, Inspection};
use forte_media::model::Refusal;

use crate::harness::mp4::{judge, judge_in_pieces};

/// What ffmpeg 5.1 calls pictures; "video" are codecs that it does not know.
const PICTURES: [&str; 7] = ["h264", "hevc", "av1", "mpeg4", "h263", "vp9", "video"];

/// Accepted files of a hundred that should be.
const AT_LEAST: usize = 95;

/// A file, and what ffmpeg made of it.
pub(super) struct Labelled {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    /// Read without a word of complaint, and with a picture.
    pub(super) clean_video: bool,
    seconds: Option<f64>,
}

impl Labelled {
    /// Whether it is a whole, open video: not just the head of a stream, which has no media, and
    /// not encrypted. Told by the bytes, not by the inspection.
    fn is_to_be_accepted(&self) -> bool {
        let contains = |kind: &[u8]| self.bytes.windows(4).any(|window| window == kind);
        self.clean_video && contains(b"mdat") && !contains(b"encv")
    }
}

/// Past the capture of the test runner, so that a person sees it.
pub(super) fn say(words: &str) {
    let mut out = io::stderr();
    writeln!(out, "{words}").unwrap();
}

/// All files; none, said aloud, where the corpus is not at hand.
pub(super) fn corpus() -> Vec<Labelled> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !folder.is_dir() {
        say("there is no corpus beside the package: its tests are left out");
        return Vec::new();
    }
    let labels = fs::read_to_string(folder.join("labels.tsv")).unwrap();
    labels.lines().skip(1).map(|line| labelled(&folder, line)).collect()
}

fn labelled(folder: &Path, line: &str) -> Labelled {
    let fields: Vec<&str> = line.split('\t').collect();
    let [file, _, _, verdict, seconds, streams, ..] = fields[..] else { panic!("{line}") };
    let path: PathBuf = folder.join(file);
    Labelled {
        file: file.to_owned(),
        bytes: fs::read(path).unwrap(),
        clean_video: verdict == "clean" && streams.split(',').any(|it| PICTURES.contains(&it)),
        seconds: seconds.parse().ok(),
    }
}

#[test]
fn no_real_file_and_no_part_of_one_makes_the_inspection_fail() {
    for file in corpus() {
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
    let files = corpus();
    let (mut wanted, mut accepted) = (0, 0);
    for file in files.iter().filter(|file| file.clean_video) {
        let verdict = judge(&file.bytes, Config::relaxed());
        tell(file, &verdict);
        if file.is_to_be_accepted() {
            wanted += 1;
            accepted += usize::from(verdict.is_ok());
        }
    }
    if wanted > 0 {
        say(&format!("{accepted} of {wanted} whole, clean, open videos are accepted"));
    }
    assert!(accepted * 100 >= wanted * AT_LEAST);
}

/// Says what a person may want to look at.
fn tell(file: &Labelled, verdict: &Result<Inspection, Refusal>) {
    let aside = if file.is_to_be_accepted() { "" } else { " (no whole, open video)" };
    match verdict {
        Err(refusal) => say(&format!("{}: {}{aside}", file.file, refusal.finding.check)),
        Ok(found) => {
            let ours = found.facts.duration_ms.map(Duration::from_millis);
            let ours = ours.map_or(0.0, |ours| ours.as_secs_f64());
            if (ours - file.seconds.unwrap_or(0.0)).abs() > 0.05 {
                say(&format!("{}: {ours} s, ffprobe says {:?}", file.file, file.seconds));
            }
        }
    }
}

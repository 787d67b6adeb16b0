//! Real files from phones and from test suites of other projects. The repository does not contain
//! them; without them these tests do nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use forte_media::inspect::Config;
use forte_media::model::{Check, Random};

use crate::harness::makers::corpus_folder;
use crate::harness::mp4::{Verdict, drive, judge, judge_in_chunks, judge_with_restarts, scanner};
use crate::harness::mutants::below;

/// Video codec names in the labels, from ffmpeg 5.1; "video" stands for codecs unknown to it.
const PICTURES: [&str; 7] = ["h264", "hevc", "av1", "mpeg4", "h263", "vp9", "video"];

const HEAD: &str = "an initialization segment without samples";

const LOCKED: &str = "encrypted without an available key";

/// Files that ffmpeg reads without a complaint and that are refused: name, check, reason.
const CLEAN_BUT_REFUSED: [(&str, Check, &str); 14] = [
    ("mp4ff/examples__combine-segs__testdata__V300__init.mp4", Check::NoFragments, HEAD),
    ("mp4ff/av1_init.mp4", Check::NoFragments, HEAD),
    ("mp4ff/av1_multitile_init.mp4", Check::NoFragments, HEAD),
    ("mp4ff/golden_init_video.mp4", Check::NoFragments, HEAD),
    ("mp4ff/hvc1_init.mp4", Check::NoFragments, HEAD),
    ("mp4ff/init1.cmfv", Check::NoFragments, HEAD),
    ("mp4ff/init_cenc.cmfv", Check::Encrypted, LOCKED),
    ("mp4ff/init_with_colr.mp4", Check::NoFragments, HEAD),
    ("androidx-media/video_init.mp4", Check::NoFragments, HEAD),
    ("androidx-media/init-stream1.m4s", Check::NoFragments, HEAD),
    (
        "androidx-media/sample_mdat_too_long.mp4",
        Check::BoxBeyondEnd,
        "made to fail: mdat claims 8 bytes more than the file has",
    ),
    ("mp4parse/bipbop_480wp_1001kbps-cenc-video-key1-init.mp4", Check::Encrypted, LOCKED),
    ("mp4parse/bipbop_cbcs_video_init.mp4", Check::Encrypted, LOCKED),
    ("mp4parse/av1-clearkey-cbcs-video.mp4", Check::Encrypted, LOCKED),
];

/// Files up to this length are also fed byte by byte.
const SMALL: usize = 64 * 1024;

/// A file with the results of ffmpeg.
pub(super) struct Labelled {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    /// ffmpeg read it without a complaint.
    clean: bool,
    /// `clean`, and with a video stream.
    pub(super) clean_video: bool,
    seconds: Option<f64>,
}

/// Prints a line that the test runner does not capture.
pub(super) fn print_uncaptured(message: &str) {
    let mut out = io::stderr();
    writeln!(out, "{message}").unwrap();
}

/// All files of the corpus; empty, with a message, if there is no corpus.
pub(super) fn corpus() -> Vec<Labelled> {
    let Some(folder) = corpus_folder() else {
        print_uncaptured("no corpus found next to the package: its tests are skipped");
        return Vec::new();
    };
    let labels = fs::read_to_string(folder.join("labels.tsv")).unwrap();
    labels.lines().skip(1).map(|line| labelled(&folder, line)).collect()
}

fn labelled(folder: &Path, line: &str) -> Labelled {
    let fields: Vec<&str> = line.split('\t').collect();
    let [file, _, _, verdict, seconds, streams, ..] = fields[..] else { panic!("{line}") };
    let clean = verdict == "clean";
    Labelled {
        file: file.to_owned(),
        bytes: fs::read(folder.join(file)).unwrap(),
        clean,
        clean_video: clean && streams.split(',').any(|it| PICTURES.contains(&it)),
        seconds: seconds.parse().ok(),
    }
}

/// The clean videos of the corpus that are accepted.
fn accepted() -> Vec<Labelled> {
    let clean = corpus().into_iter().filter(|file| file.clean_video);
    clean.filter(|file| judge(&file.bytes, Config::relaxed()).is_ok()).collect()
}

fn code(verdict: &Verdict) -> Option<Check> {
    verdict.as_ref().err().map(|refusal| refusal.finding.check)
}

#[test]
fn clean_videos_are_accepted_except_those_that_break_a_hard_rule() {
    let files = corpus();
    let clean = files.iter().filter(|file| file.clean_video);
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in clean {
        count += 1;
        let listed = CLEAN_BUT_REFUSED.iter().find(|(name, ..)| *name == file.file);
        let (found, expected) =
            (code(&judge(&file.bytes, Config::relaxed())), listed.map(|it| it.1));
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", file.file));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if count > 0 {
        let refused = CLEAN_BUT_REFUSED.len();
        print_uncaptured(&format!("{} of {count} clean videos are accepted", count - refused));
        let here = |name: &str| files.iter().any(|file| file.file == name);
        assert!(CLEAN_BUT_REFUSED.iter().all(|(name, ..)| here(name)), "a stale entry");
    }
}

#[test]
fn files_without_a_video_according_to_ffmpeg_are_refused() {
    let files = corpus();
    let bad = files.iter().filter(|file| !file.clean && file.seconds.is_none_or(|it| it == 0.0));
    let bad: Vec<_> = bad.collect();
    let let_through = bad.iter().filter(|file| judge(&file.bytes, Config::relaxed()).is_ok());
    let let_through: Vec<_> = let_through.map(|file| file.file.as_str()).collect();
    assert_eq!(let_through, Vec::<&str>::new());
    print_uncaptured(&format!("{} files with a complaint and no duration are refused", bad.len()));
}

/// Prints after how many bytes the files are refused.
#[test]
fn refused_files_are_refused_early() {
    let mut after: Vec<(u64, u64)> = Vec::new();
    for file in corpus() {
        if let Err(refusal) = judge(&file.bytes, Config::relaxed()) {
            after
                .push((refusal.judged_after, refusal.judged_after * 100 / file.bytes.len() as u64));
        }
    }
    after.sort_unstable();
    let count = after.len();
    if let Some((median, _)) = after.get(count / 2) {
        let p90 = after[count * 9 / 10].0;
        print_uncaptured(&format!(
            "judged_after over {count} refused files: median {median}, p90 {p90}"
        ));
    }
}

/// Damages every accepted file at four positions and asserts that each result is refused.
fn assert_always_refused(damage: impl Fn(&[u8], usize) -> Vec<u8>) {
    let mut tried = 0;
    for file in accepted() {
        for percent in [10, 50, 90, 99] {
            let bad = damage(&file.bytes, file.bytes.len() * percent / 100);
            if bad != file.bytes {
                tried += 1;
                let verdict = judge(&bad, Config::relaxed());
                assert!(verdict.is_err(), "{} at {percent} %", file.file);
            }
        }
    }
    print_uncaptured(&format!("{tried} damaged files of the corpus are refused"));
}

#[test]
fn truncated_files_are_always_refused() {
    assert_always_refused(|file, at| file[..at].to_vec());
    assert_always_refused(|file, _| file[..file.len() - 1].to_vec());
}

#[test]
fn files_with_a_lost_block_are_always_refused() {
    assert_always_refused(|file, at| {
        let end = (at + 16 * 1024).min(file.len());
        [&file[..at], &file[end..]].concat()
    });
}

#[test]
fn files_with_a_repeated_block_are_always_refused() {
    assert_always_refused(|file, at| {
        let from = at.saturating_sub(16 * 1024);
        [&file[..at], &file[from..]].concat()
    });
}

#[test]
fn files_with_a_lost_byte_are_always_refused() {
    assert_always_refused(|file, at| [&file[..at], &file[at + 1..]].concat());
}

#[test]
fn the_verdict_on_a_real_file_does_not_depend_on_the_chunks() {
    let random = Random::seeded(48);
    for file in corpus() {
        for percent in [10, 50, 90, 99, 100] {
            let part = &file.bytes[..file.bytes.len() * percent / 100];
            let whole = judge(part, Config::relaxed());
            assert!(percent == 100 || whole.is_err(), "{} at {percent} %", file.file);
            let name = format!("{} at {percent} %", file.file);
            assert_same_in_all_ways(part, &whole, &name, &random);
        }
    }
}

/// The test above does this with small files only.
#[test]
#[ignore = "takes minutes"]
fn real_files_get_the_same_verdict_byte_by_byte() {
    for file in corpus() {
        let whole = judge(&file.bytes, Config::relaxed());
        assert_eq!(judge_in_chunks(&file.bytes, Config::relaxed(), 1), whole, "{}", file.file);
    }
}

/// Judges a file byte by byte, in random chunks, and with a new scanner for each of these chunks.
fn assert_same_in_all_ways(file: &[u8], whole: &Verdict, name: &str, random: &Random) {
    if file.len() <= SMALL {
        assert_eq!(&judge_in_chunks(file, Config::relaxed(), 1), whole, "{name}, byte by byte");
    }
    let cuts: Vec<usize> = (0..8).map(|_| below(file.len(), random)).collect();
    assert_eq!(
        &drive(scanner(file, Config::relaxed()), file, chunks(file, &cuts)),
        whole,
        "{name}"
    );
    let restarted = judge_with_restarts(file, &Config::relaxed(), chunks(file, &cuts));
    assert_eq!(&restarted, whole, "{name}, after restarts");
}

fn chunks<'f>(file: &'f [u8], cuts: &[usize]) -> Vec<&'f [u8]> {
    let mut ends = [cuts, &[0, file.len()]].concat();
    ends.sort_unstable();
    ends.array_windows().map(|[from, to]| &file[*from..*to]).collect()
}

//! Real files written by phones and by test suites, where they are at hand. The project does not
//! contain them.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use forte_media::inspect::Config;
use forte_media::model::{Check, Random};

use crate::harness::makers::corpus_folder;
use crate::harness::mp4::{Verdict, drive, judge, judge_anew, judge_in_pieces, scanner};
use crate::harness::mutants::below;

/// What ffmpeg 5.1 calls pictures; "video" are codecs that it does not know.
const PICTURES: [&str; 7] = ["h264", "hevc", "av1", "mpeg4", "h263", "vp9", "video"];

/// The first part of a stream.
const HEAD: &str = "the head of a stream, without a picture";

/// Its pictures cannot be shown.
const LOCKED: &str = "encrypted, and nobody here has a key";

/// Files that ffmpeg reads without a word and that break a hard rule all the same: which, and why
/// that is right.
const CLEAN_BUT_REFUSED: [(&str, Check, &str); 16] = [
    (
        "androidx-media/sample_with_invalid_nalu.mp4",
        Check::NalChain,
        "made to fail: the length before a unit is wrong",
    ),
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
        "androidx-media/sample_fragmented_unsupported_brands.mp4",
        Check::BrandUnsupported,
        "made to fail: its only brand is nobody's",
    ),
    (
        "androidx-media/sample_mdat_too_long.mp4",
        Check::BoxBeyondEnd,
        "made to fail: mdat claims 8 bytes more than the file has",
    ),
    ("mp4parse/bipbop_480wp_1001kbps-cenc-video-key1-init.mp4", Check::Encrypted, LOCKED),
    ("mp4parse/bipbop_cbcs_video_init.mp4", Check::Encrypted, LOCKED),
    ("mp4parse/av1-clearkey-cbcs-video.mp4", Check::Encrypted, LOCKED),
];

/// Files about which ffmpeg complains, in which it finds no duration, and that are let through, and
/// why.
const COMPLAINT_BUT_ACCEPTED: [(&str, &str); 1] = [(
    "mp4ff/clear_with_enc_boxes.mp4",
    "plain pictures with boxes left over from an encryption, at which ffmpeg stops; others play it",
)];

/// Of a hundred files that ffmpeg cannot make anything of, so many are refused at least.
const AT_LEAST: usize = 95;

/// Files up to this length are fed byte by byte, too.
const SMALL: usize = 64 * 1024;

/// A file, and what ffmpeg made of it.
pub(super) struct Labelled {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    /// Read without a word of complaint.
    clean: bool,
    /// The same, and with a picture.
    pub(super) clean_video: bool,
    seconds: Option<f64>,
}

/// Past the capture of the test runner, so that a person sees it.
pub(super) fn say(words: &str) {
    let mut out = io::stderr();
    writeln!(out, "{words}").unwrap();
}

/// All files; none, said aloud, where the corpus is not at hand.
pub(super) fn corpus() -> Vec<Labelled> {
    let Some(folder) = corpus_folder() else {
        say("there is no corpus beside the package: its tests are left out");
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
fn clean_videos_are_accepted_but_for_those_that_break_a_hard_rule() {
    let files = corpus();
    let clean = files.iter().filter(|file| file.clean_video);
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in clean {
        count += 1;
        let listed = CLEAN_BUT_REFUSED.iter().find(|(name, ..)| *name == file.file);
        let (found, wanted) = (code(&judge(&file.bytes, Config::relaxed())), listed.map(|it| it.1));
        if found != wanted {
            wrong.push(format!("{}: {found:?}, not {wanted:?}", file.file));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if count > 0 {
        let refused = CLEAN_BUT_REFUSED.len();
        say(&format!("{} of {count} clean videos are accepted", count - refused));
        let here = |name: &str| files.iter().any(|file| file.file == name);
        assert!(CLEAN_BUT_REFUSED.iter().all(|(name, ..)| here(name)), "a stale entry");
    }
}

#[test]
fn files_in_which_ffmpeg_finds_no_video_are_refused() {
    let files = corpus();
    let bad = files.iter().filter(|file| !file.clean && file.seconds.is_none_or(|it| it == 0.0));
    let bad: Vec<_> = bad.collect();
    let let_through = bad.iter().filter(|file| judge(&file.bytes, Config::relaxed()).is_ok());
    let let_through: Vec<_> = let_through.map(|file| file.file.as_str()).collect();
    let listed: Vec<_> = COMPLAINT_BUT_ACCEPTED.iter().map(|(name, _)| *name).collect();
    if !bad.is_empty() {
        assert_eq!(let_through, listed);
        let refused = bad.len() - let_through.len();
        say(&format!(
            "{refused} of {} files with a complaint and no duration are refused",
            bad.len()
        ));
        assert!(refused * 100 >= bad.len() * AT_LEAST);
    }
}

/// The first byte at which it is certain, over all files that are refused.
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
        say(&format!("judged_after over {count} refused files: median {median}, p90 {p90}"));
    }
}

/// A damage of the file's length at four places of every accepted file.
fn is_always_caught(damage: impl Fn(&[u8], usize) -> Vec<u8>) {
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
    say(&format!("{tried} damaged files of the corpus are refused"));
}

#[test]
fn truncation_is_always_caught() {
    is_always_caught(|file, at| file[..at].to_vec());
    is_always_caught(|file, _| file[..file.len() - 1].to_vec());
}

#[test]
fn a_lost_stretch_is_always_caught() {
    is_always_caught(|file, at| {
        let end = (at + 16 * 1024).min(file.len());
        [&file[..at], &file[end..]].concat()
    });
}

#[test]
fn a_repeated_stretch_is_always_caught() {
    is_always_caught(|file, at| {
        let from = at.saturating_sub(16 * 1024);
        [&file[..at], &file[from..]].concat()
    });
}

#[test]
fn a_lost_byte_is_always_caught() {
    is_always_caught(|file, at| [&file[..at], &file[at + 1..]].concat());
}

#[test]
fn however_a_real_file_is_cut_the_verdict_is_the_same() {
    let random = Random::seeded(48);
    for file in corpus() {
        for percent in [10, 50, 90, 99, 100] {
            let part = &file.bytes[..file.bytes.len() * percent / 100];
            let whole = judge(part, Config::relaxed());
            assert!(percent == 100 || whole.is_err(), "{} at {percent} %", file.file);
            let name = format!("{} at {percent} %", file.file);
            every_way(part, &whole, &name, &random);
        }
    }
}

/// What the test above does with small files only.
#[test]
#[ignore = "takes minutes"]
fn every_real_file_is_judged_the_same_byte_by_byte() {
    for file in corpus() {
        let whole = judge(&file.bytes, Config::relaxed());
        assert_eq!(judge_in_pieces(&file.bytes, Config::relaxed(), 1), whole, "{}", file.file);
    }
}

/// Whole, byte by byte, at random places, and with the scanner dropped and fed anew at each of them.
fn every_way(file: &[u8], whole: &Verdict, name: &str, random: &Random) {
    if file.len() <= SMALL {
        assert_eq!(&judge_in_pieces(file, Config::relaxed(), 1), whole, "{name}, byte by byte");
    }
    let cuts: Vec<usize> = (0..8).map(|_| below(file.len(), random)).collect();
    assert_eq!(
        &drive(scanner(file, Config::relaxed()), file, pieces(file, &cuts)),
        whole,
        "{name}"
    );
    let anew = judge_anew(file, &Config::relaxed(), pieces(file, &cuts));
    assert_eq!(&anew, whole, "{name}, fed anew");
}

fn pieces<'f>(file: &'f [u8], cuts: &[usize]) -> Vec<&'f [u8]> {
    let mut ends = [cuts, &[0, file.len()]].concat();
    ends.sort_unstable();
    ends.array_windows().map(|[from, to]| &file[*from..*to]).collect()
}

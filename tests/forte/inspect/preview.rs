//! The preview of a file agrees with the verdict on the whole file.

use std::path::Path;
use std::sync::Arc;

use forte_media::inspect::{
    Config, FilePart, Preview, PreviewCoverage, Quicktime, Scanner, TruncatedRecording, preview,
};
use forte_media::model::{Check, Length};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::chunking::CLIPS;
use crate::harness::boxes::leaf;
use crate::harness::mp4::{NOW, default_rules, edited, judge, sample, scanner};
use crate::harness::preflight::{moov_of, rest_of};

/// The preview from what a client sends: the first bytes, and `moov` if it is elsewhere.
fn previewed(file: &[u8], head: usize, rules: Config) -> Preview {
    let mut parts = vec![FilePart { at: 0, bytes: &file[..head.min(file.len())] }];
    if let Some((at, bytes)) = rest_of(file, head) {
        parts.push(FilePart { at: at as u64, bytes });
    }
    preview(&Arc::new(rules), Length::new(file.len() as u64), NOW, &parts)
}

/// What only the media shows.
const IN_MEDIA: [Check; 2] = [Check::NalChain, Check::CodecConfigMissing];

/// A file refused by the preview is refused by the scanner for the same first reason; an accepted
/// file is accepted by the preview; with full coverage both find the same facts.
fn agrees(file: &[u8], head: usize, rules: &Config) -> Result<(), String> {
    let preview = previewed(file, head, rules.clone());
    let first = preview.reasons.first().map(|reason| (reason.check, reason.at));
    match (judge(file, rules.clone()), first) {
        (Ok(found), None)
            if preview.coverage != PreviewCoverage::Whole || preview.facts == found.facts =>
        {
            Ok(())
        }
        // The preview does not see the media.
        (Err(refusal), _) if IN_MEDIA.contains(&refusal.finding.check) => Ok(()),
        (Err(refusal), Some(first)) if first == (refusal.finding.check, refusal.finding.at) => {
            Ok(())
        }
        (Err(_), None) if preview.coverage != PreviewCoverage::Whole => Ok(()),
        (verdict, _) => Err(format!("head {head}: {verdict:?}, but {preview:?}")),
    }
}

fn check(name: &str, file: &[u8]) {
    let lenient = Config { enforce: false, ..default_rules() };
    for head in [8, 40, 1000, 65_536] {
        for rules in [default_rules(), Config::relaxed()] {
            agrees(file, head, &rules).unwrap_or_else(|why| panic!("{name}, {why}"));
        }
        assert_eq!(previewed(file, head, lenient.clone()).reasons, [], "{name}");
    }
}

#[test]
fn the_preview_agrees_with_the_verdict_on_crafted_files() {
    for name in CLIPS.into_iter().chain(["bad-not-mp4.mp4", "inspection.mp4"]) {
        check(name, &sample(name));
    }
    let late = "good-moov-last.mp4";
    check("shifted chunks", &edited(late, |file| file.shift_chunks(3)));
    check("a box after moov", &edited(late, |file| file.children.push(leaf(*b"abcd", b"!"))));
    check("two moov", &edited(late, |file| file.children.push(leaf(*b"moov", b""))));
    check("a timescale of 0", &edited(late, |file| file.at("moov/mvhd").set(12, 0)));
    check("bytes after the last box", &[sample("good-moov-first.mp4"), vec![1; 100]].concat());
    check("zeros after the last box", &[sample("good-moov-first.mp4"), vec![0; 100]].concat());
    check("nothing", &[]);
    // A box between the media and `moov`.
    let between = edited(late, |file| {
        let place = file.children.len() - 1;
        file.children.insert(place, leaf(*b"free", &[0; 80]));
    });
    check("a box between", &between);
    assert_eq!(previewed(&between, 40, default_rules()).coverage, PreviewCoverage::Whole);
}

#[test]
fn the_preview_agrees_with_the_verdict_on_real_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(labels) = std::fs::read_to_string(folder.join("labels.tsv")) else {
        return eprintln!("no corpus found next to the package: skipped");
    };
    for name in labels.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let file = std::fs::read(folder.join(name)).unwrap();
        check(name, &file);
        check(&format!("half of {name}"), &file[..file.len() / 2]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_preview_agrees_with_the_verdict_on_damaged_files(
        file in prop::sample::select(CLIPS.map(sample).to_vec()),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..4),
        head in prop::sample::select(vec![8_usize, 40, 1000, 65_536]),
    ) {
        let mut file = file;
        let moov = moov_of(&file).map(|(at, moov)| at..at + moov.len());
        for (place, with, in_moov) in flips {
            let range = moov.clone().filter(|_| in_moov).unwrap_or(0..file.len());
            let at = range.start + place.index(range.len());
            file[at] ^= with;
        }
        for rules in [default_rules(), Config::relaxed()] {
            if let Err(why) = agrees(&file, head, &rules) {
                prop_assert!(false, "{}", why);
            }
        }
    }
}

/// This holds for any length of the first part.
#[test]
fn the_preview_does_not_refuse_an_acceptable_truncated_recording() {
    let whole = sample("good-fragmented.mp4");
    let rules = Config { cut_recording: TruncatedRecording::Accept, ..default_rules() };
    for percent in [30, 60, 90] {
        let file = &whole[..whole.len() * percent / 100];
        for head in (8..file.len() + 200).step_by(97) {
            agrees(file, head, &rules).unwrap_or_else(|why| panic!("{percent} %, {why}"));
        }
    }
}

/// A driver who exports the video again must learn all requirements at once.
#[test]
fn the_preview_lists_all_reasons() {
    let rules = Config {
        codecs: vec!["vp09".to_owned()],
        min_duration: SignedDuration::from_hours(1),
        quicktime: Quicktime::Refuse,
        ..default_rules()
    };
    let preview = previewed(&sample("quicktime.mov"), 65_536, rules);
    let codes: Vec<_> = preview.reasons.iter().map(|reason| reason.check).collect();
    assert_eq!(codes, [Check::Quicktime, Check::CodecUnsupported, Check::DurationOutOfRange]);
    assert!(preview.facts.duration_ms.is_some(), "a refused file has facts as well");
}

/// The boxes between the two parts are unseen; the media is among them.
#[test]
fn the_preview_assumes_that_unseen_headers_are_valid() {
    let file = sample("good-moov-last.mp4");
    let (at, bytes) = moov_of(&file).unwrap();
    let parts = [FilePart { at: 0, bytes: &file[..32] }, FilePart { at: at as u64, bytes }];
    let length = Length::new(file.len() as u64);
    let preview = preview(&Arc::new(default_rules()), length, NOW, &parts);
    assert_eq!((preview.reasons, preview.coverage), (Vec::new(), PreviewCoverage::Moov));
    assert!(preview.facts.duration_ms.is_some());
}

#[test]
fn a_file_without_moov_is_refused_by_its_first_bytes() {
    let file = edited("good-moov-last.mp4", |file| {
        file.children.pop();
    });
    let preview = previewed(&file, 64, default_rules());
    assert_eq!(preview.reasons[0].check, Check::MoovMissing);
    assert_eq!(
        preview.coverage,
        PreviewCoverage::Head,
        "the header of mdat leaves no room for a moov"
    );
}

#[test]
fn the_preview_does_not_refuse_a_file_with_unseen_moov() {
    let file = sample("bad-too-short.mp4");
    let parts = [FilePart { at: 0, bytes: &file[..32] }];
    let length = Length::new(file.len() as u64);
    let preview = preview(&Arc::new(default_rules()), length, NOW, &parts);
    assert_eq!((preview.reasons, preview.coverage), (Vec::new(), PreviewCoverage::Head));
}

#[test]
fn only_media_bytes_can_be_skipped() {
    let file = sample("good-moov-last.mp4");
    let mut scanner = scanner(&file, default_rules());
    assert_eq!(scanner.skip(10), 0, "a header is read");
    scanner.push(&file[..12]);
    assert_eq!(scanner.skip(10), 0, "ftyp is read");
    while scanner.skippable() == 0 {
        let at = usize::try_from(scanner.position()).unwrap();
        scanner.push(&file[at..=at]);
    }
    let (moov, _) = moov_of(&file).unwrap();
    assert_eq!(scanner.skip(5), 5);
    let left = moov as u64 - scanner.position();
    assert_eq!(scanner.skip(u64::MAX), left, "never beyond the box");
    assert_eq!(scanner.skippable(), 0);
    scanner.push(&file[moov..]);
    crate::harness::mp4::supply(&mut scanner, &file);
    assert_eq!(scanner.finish(), judge(&file, default_rules()));
    let mut unannounced = Scanner::new(Arc::new(default_rules()), None, NOW);
    unannounced.push(b"no video, certainly");
    assert_eq!(unannounced.skip(1), 0, "after an error nothing can be skipped");
}

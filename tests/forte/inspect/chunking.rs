//! The verdict does not depend on how the bytes are split into chunks.

use std::sync::Arc;

use forte_media::inspect::{Config, Scanner, TruncatedRecording};
use forte_media::model::{Check, Length};
use proptest::prelude::*;

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{
    NOW, default_rules, drive, edited, judge, judge_all_ways, push, refused_by, sample, scanner,
    supply,
};

/// Good samples of each kind, and bad ones.
pub(super) const CLIPS: [&str; 7] = [
    "good-moov-last.mp4",
    "good-moov-first.mp4",
    "good-fragmented.mp4",
    "quicktime.mov",
    "bad-truncated.mp4",
    "bad-no-video.mp4",
    "bad-too-short.mp4",
];

/// Good files, and bad ones with errors in a header, in a box and at the end.
fn files() -> Vec<Vec<u8>> {
    let mut files = CLIPS.map(sample).to_vec();
    let fragmented = "good-fragmented.mp4";
    files.push(edited("good-moov-last.mp4", |file| file.shift_chunks(3)));
    files.push(edited("good-moov-last.mp4", |file| file.children.push(leaf(*b"abcd", b"!"))));
    files.push(edited("good-moov-first.mp4", |file| file.at("moov/mvhd").set(12, 0)));
    files.push(edited(fragmented, |file| file.at("moof:1/traf/tfhd").set(4, 9)));
    files.push(edited(fragmented, |file| file.at("moof:1/mfhd").set(4, 1)));
    files.extend(["good-moov-last.mp4", "good-moov-first.mp4", fragmented].map(zeroed));
    files.push([sample("good-moov-first.mp4"), vec![0; 100]].concat());
    files.push(edited("good-moov-first.mp4", |file| file.shift_chunks(-1)));
    files.push(edited("good-moov-first.mp4", |file| file.shift_chunks(9)));
    files.push(edited(fragmented, |file| file.at("moof:1/traf/trun").set(8, 0x7FFF_FFFF)));
    for length in [1500, 11_000, 11_510, 15_000, 20_190] {
        files.push(sample(fragmented)[..length].to_vec());
    }
    files
}

/// A sample whose last quarter of media is zeroed.
fn zeroed(name: &str) -> Vec<u8> {
    let mut file = Node::parse(&sample(name));
    let media = &mut file.at("mdat").fields;
    let from = media.len() * 3 / 4;
    media[from..].fill(0);
    file.bytes()
}

/// Splits a file at positions given in 65,536ths of its length.
fn split<'f>(file: &'f [u8], places: &[u16]) -> Vec<&'f [u8]> {
    let mut places: Vec<usize> =
        places.iter().map(|place| usize::from(*place) * file.len() / 65_536).collect();
    places.extend([0, file.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &file[pair[0]..pair[1]]).collect()
}

#[test]
fn the_verdict_does_not_depend_on_the_chunk_size() {
    for file in files() {
        let lenient = Config { cut_recording: TruncatedRecording::Accept, ..default_rules() };
        for rules in [default_rules(), Config { enforce: false, ..default_rules() }, lenient] {
            let _ = judge_all_ways(&file, &rules);
        }
    }
}

/// Boxes between `moov` and the media are checked before the media shows that the tables are wrong.
#[test]
fn boxes_before_media_outside_all_tables_are_read_in_all_chunkings() {
    let between = |node: Node| edited("good-moov-first.mp4", |file| file.children.insert(2, node));
    let index = leaf(*b"mfra", b"\0\0\0\x10mfro\0\0\0\0\0\0\0\x10");
    let refusal = refused_by(&between(index), &default_rules(), Check::SampleOutsideMdat);
    let noted: Vec<_> = refusal.notes.iter().map(|note| note.check).collect();
    assert_eq!(noted, [Check::MfraSize]);
    refused_by(&between(leaf(*b"moof", b"")), &default_rules(), Check::BoxMissing);
}

proptest! {
    #[test]
    fn random_chunks_do_not_change_the_verdict(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let whole = judge(&file, default_rules());
        let chunks = split(&file, &places);
        prop_assert_eq!(drive(scanner(&file, default_rules()), &file, chunks), whole);
    }

    #[test]
    fn ranges_supplied_late_do_not_change_the_verdict(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let whole = judge(&file, default_rules());
        let mut scanner = scanner(&file, default_rules());
        for chunk in split(&file, &places) {
            scanner.push(chunk);
        }
        supply(&mut scanner, &file);
        prop_assert_eq!(scanner.finish(), whole);
    }

    #[test]
    fn a_rolled_back_chunk_does_not_change_the_verdict(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..20),
        noise in prop::collection::vec(any::<u8>(), 1..2000),
    ) {
        let whole = judge(&file, default_rules());
        let mut scanner = scanner(&file, default_rules());
        for chunk in split(&file, &places) {
            let kept = scanner.clone();
            let mut wrong = file[..usize::try_from(kept.position()).unwrap()].to_vec();
            wrong.extend(&noise);
            let room = file.len() - usize::try_from(kept.position()).unwrap();
            push(&mut scanner, &noise[..noise.len().min(room)], &wrong);
            scanner = kept;
            push(&mut scanner, chunk, &file);
            if scanner.refusal().is_some() {
                break;
            }
        }
        prop_assert_eq!(scanner.finish(), whole);
    }

    #[test]
    fn an_undeclared_length_does_not_change_the_verdict_on_good_files(
        name in prop::sample::select(vec![
            "good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4",
        ]),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let file = sample(name);
        let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
        for chunk in split(&file, &places) {
            push(&mut scanner, chunk, &file);
        }
        scanner.set_length(Length::new(file.len() as u64));
        supply(&mut scanner, &file);
        prop_assert_eq!(scanner.finish(), judge(&file, default_rules()));
    }
}

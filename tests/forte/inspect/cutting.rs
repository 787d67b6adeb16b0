//! However the bytes are cut, the verdict is the same (S44).

use std::sync::Arc;

use forte_media::inspect::{Config, Scanner, TruncatedRecording};
use forte_media::model::{Check, Length};
use proptest::prelude::*;

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{
    NOW, default_rules, drive, edited, judge, judge_every_way, push, refused_by, sample, scanner,
    supply,
};

/// Good clips of each kind, and bad ones.
pub(super) const CLIPS: [&str; 7] = [
    "good-moov-last.mp4",
    "good-moov-first.mp4",
    "good-fragmented.mp4",
    "quicktime.mov",
    "bad-truncated.mp4",
    "bad-no-video.mp4",
    "bad-too-short.mp4",
];

/// Good files, and bad ones of every kind: at a header, in a box, at the end.
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
    for cut in [1500, 11_000, 11_510, 15_000, 20_190] {
        files.push(sample(fragmented)[..cut].to_vec());
    }
    files
}

/// A clip whose last quarter of media was lost, and every length kept.
fn zeroed(name: &str) -> Vec<u8> {
    let mut file = Node::parse(&sample(name));
    let media = &mut file.at("mdat").fields;
    let from = media.len() * 3 / 4;
    media[from..].fill(0);
    file.bytes()
}

/// Cuts a file at places given as parts of 65,536.
fn cut<'f>(file: &'f [u8], places: &[u16]) -> Vec<&'f [u8]> {
    let mut places: Vec<usize> =
        places.iter().map(|place| usize::from(*place) * file.len() / 65_536).collect();
    places.extend([0, file.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &file[pair[0]..pair[1]]).collect()
}

#[test]
fn a_file_is_judged_the_same_byte_by_byte() {
    for file in files() {
        let cut = Config { cut_recording: TruncatedRecording::Accept, ..default_rules() };
        for rules in [default_rules(), Config { enforce: false, ..default_rules() }, cut] {
            let _ = judge_every_way(&file, &rules);
        }
    }
}

/// Boxes between `moov` and the media that shows its tables to be wrong are read all the same.
#[test]
fn boxes_before_media_that_fits_no_table_are_read_however_it_comes() {
    let between = |node: Node| edited("good-moov-first.mp4", |file| file.children.insert(2, node));
    let index = leaf(*b"mfra", b"\0\0\0\x10mfro\0\0\0\0\0\0\0\x10");
    let refusal = refused_by(&between(index), &default_rules(), Check::SampleOutsideMdat);
    let noted: Vec<_> = refusal.notes.iter().map(|note| note.check).collect();
    assert_eq!(noted, [Check::MfraSize]);
    refused_by(&between(leaf(*b"moof", b"")), &default_rules(), Check::BoxMissing);
}

proptest! {
    #[test]
    fn random_cuts_change_nothing(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let whole = judge(&file, default_rules());
        let pieces = cut(&file, &places);
        prop_assert_eq!(drive(scanner(&file, default_rules()), &file, pieces), whole);
    }

    #[test]
    fn boxes_supplied_late_change_nothing(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let whole = judge(&file, default_rules());
        let mut scanner = scanner(&file, default_rules());
        for piece in cut(&file, &places) {
            scanner.push(piece);
        }
        supply(&mut scanner, &file);
        prop_assert_eq!(scanner.finish(), whole);
    }

    #[test]
    fn a_piece_that_is_taken_back_leaves_no_trace(
        file in prop::sample::select(files()),
        places in prop::collection::vec(any::<u16>(), 0..20),
        noise in prop::collection::vec(any::<u8>(), 1..2000),
    ) {
        let whole = judge(&file, default_rules());
        let mut scanner = scanner(&file, default_rules());
        for piece in cut(&file, &places) {
            let kept = scanner.clone();
            let mut wrong = file[..usize::try_from(kept.position()).unwrap()].to_vec();
            wrong.extend(&noise);
            let room = file.len() - usize::try_from(kept.position()).unwrap();
            push(&mut scanner, &noise[..noise.len().min(room)], &wrong);
            scanner = kept;
            push(&mut scanner, piece, &file);
            if scanner.refusal().is_some() {
                break;
            }
        }
        prop_assert_eq!(scanner.finish(), whole);
    }

    #[test]
    fn an_unannounced_length_changes_no_verdict_on_good_files(
        name in prop::sample::select(vec![
            "good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4",
        ]),
        places in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let file = sample(name);
        let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
        for piece in cut(&file, &places) {
            push(&mut scanner, piece, &file);
        }
        scanner.set_length(Length::new(file.len() as u64));
        supply(&mut scanner, &file);
        prop_assert_eq!(scanner.finish(), judge(&file, default_rules()));
    }
}

//! Checks of the boxes at the top level.

use std::sync::Arc;

use forte_media::inspect::{Config, Scanner};
use forte_media::model::{Check, Length};

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{
    NOW, accepted, accepted_by, default_rules, edited, noted, push, refused, refused_by, sample,
    scanner, supply,
};

const GOOD: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";

/// The position of a top-level box.
fn position(file: &[u8], kind: &[u8]) -> usize {
    file.windows(4).position(|window| window == kind).unwrap() - 4
}

/// Overwrites the 32-bit size of a top-level box.
fn sized(mut file: Vec<u8>, kind: &[u8], size: u32) -> Vec<u8> {
    let at = position(&file, kind);
    file[at..at + 4].copy_from_slice(&size.to_be_bytes());
    file
}

#[test]
fn a_size_below_the_header_size_is_refused() {
    for size in 2..8 {
        let file = sized(sample(GOOD), b"moov", size);
        let refusal = refused_by(&file, &default_rules(), Check::BoxSizeInvalid);
        assert_eq!(refusal.finding.at, Some(position(&file, b"moov") as u64));
    }
}

#[test]
fn a_wide_size_below_the_header_size_is_refused() {
    let ftyp = &sample(GOOD)[..32];
    for size in [0_u64, 1, 15] {
        let file = [ftyp, b"\0\0\0\x01mdat", &size.to_be_bytes(), &[0; 1000]].concat();
        refused_by(&file, &default_rules(), Check::BoxSizeInvalid);
    }
    let file = [ftyp, b"\0\0\0\x01mdat", &16_u64.to_be_bytes()].concat();
    refused_by(&file, &default_rules(), Check::MoovMissing);
}

#[test]
fn a_wide_size_that_overflows_is_past_the_end() {
    let ftyp = &sample(GOOD)[..32];
    let file = [ftyp, b"\0\0\0\x01mdat", &u64::MAX.to_be_bytes(), &[0; 1000]].concat();
    refused_by(&file, &default_rules(), Check::BoxBeyondEnd);
}

#[test]
fn a_free_box_smaller_than_its_header_counts_as_eight_bytes() {
    for size in [0, 2, 7] {
        let file = sized(sample(GOOD), b"free", size);
        let notes = accepted_by(&file, &default_rules()).notes;
        assert_eq!(notes[0].check, Check::FreeTooSmall);
    }
    assert_eq!(noted(GOOD, |_| {}), []);
}

#[test]
fn the_last_mdat_may_run_to_the_end() {
    let file = sized(sample(FIRST), b"mdat", 0);
    accepted_by(&file, &default_rules());
}

#[test]
fn the_last_moov_may_run_to_the_end() {
    let good = sample(GOOD);
    let file = sized(good.clone(), b"moov", 0);
    let found = accepted_by(&file, &default_rules()).facts;
    assert_eq!(found.moov_length, accepted_by(&good, &default_rules()).facts.moov_length);
}

#[test]
fn boxes_of_size_zero_are_allowed_only_after_moov_and_mdat() {
    for kind in [*b"uuid", *b"free", *b"abcd"] {
        let mut file = edited(GOOD, |file| file.children.push(leaf(kind, &[0; 40])));
        let at = file.len() - 48;
        file[at..at + 4].fill(0);
        accepted_by(&file, &default_rules());
    }
    let before = edited(GOOD, |file| file.children.insert(1, leaf(*b"uuid", &[0; 40])));
    refused_by(&sized(before, b"uuid", 0), &default_rules(), Check::BoxSizeInvalid);
    let hiding = edited("good-fragmented.mp4", |file| {
        file.children.insert(4, leaf(*b"uuid", &[0; 40]));
    });
    refused_by(&sized(hiding, b"uuid", 0), &default_rules(), Check::BoxSizeInvalid);
}

#[test]
fn an_mdat_to_the_end_leaves_no_room_for_a_moov() {
    let file = sized(sample(GOOD), b"mdat", 0);
    let refusal = refused_by(&file, &default_rules(), Check::MoovMissing);
    assert_eq!(refusal.judged_after, position(&file, b"mdat") as u64 + 8);
}

#[test]
fn a_box_past_the_end_is_refused_at_its_header() {
    let good = sample(GOOD);
    let refusal = refused_by(&good[..good.len() - 1], &default_rules(), Check::BoxBeyondEnd);
    assert_eq!(refusal.judged_after, position(&good, b"moov") as u64 + 8);
    assert!(
        refusal.finding.message.contains("1 of them past the end"),
        "{}",
        refusal.finding.message
    );
    let half = &good[..good.len() / 2];
    assert_eq!(refused_by(half, &default_rules(), Check::BoxBeyondEnd).judged_after, 48);
}

#[test]
fn a_box_type_that_is_not_text_is_refused() {
    for kind in [*b"moo\x1F", *b"\0oov", *b"mo\xFFv"] {
        let file = edited(GOOD, |file| file.children.insert(1, leaf(kind, b"")));
        refused_by(&file, &default_rules(), Check::BoxGarbage);
    }
    assert_eq!(
        noted(GOOD, |file| file.children.push(leaf(*b"\xA9abc", b"hello"))),
        [Check::BoxUnknown]
    );
}

#[test]
fn a_lost_or_repeated_byte_in_the_media_is_refused() {
    let good = sample(GOOD);
    let middle = good.len() / 3;
    let lost = [&good[..middle], &good[middle + 1..]].concat();
    let doubled = [&good[..middle], &good[middle - 1..]].concat();
    refused_by(&lost, &default_rules(), Check::BoxGarbage);
    // The type is still text ("imoo"), but the size is wrong.
    refused_by(&doubled, &default_rules(), Check::BoxBeyondEnd);
}

#[test]
fn an_unknown_box_type_is_noted() {
    let file = |file: &mut Node| file.children.push(leaf(*b"sefd", &[1; 30]));
    assert_eq!(noted(GOOD, file), [Check::BoxUnknown]);
}

#[test]
fn the_number_of_boxes_is_limited() {
    let fill = |count: usize| {
        edited(GOOD, |file| {
            let empty = leaf(*b"free", b"");
            file.children.extend(std::iter::repeat_n(empty, count));
        })
    };
    refused_by(&fill(100_000), &default_rules(), Check::TooManyBoxes);
    accepted_by(&fill(100_000 - 4), &default_rules());
}

#[test]
fn the_number_of_media_boxes_is_limited() {
    let limit = 16_384;
    let fill = |count: usize| {
        edited(GOOD, |file| {
            file.children.extend(std::iter::repeat_n(leaf(*b"mdat", b""), count));
        })
    };
    refused_by(&fill(limit), &default_rules(), Check::TooManyBoxes);
    accepted_by(&fill(limit - 1), &default_rules());
}

#[test]
fn a_moov_above_the_limit_is_refused_at_its_header() {
    let good = sample(GOOD);
    let at = position(&good, b"moov");
    let length = (good.len() - at) as u64;
    let rules = |max_moov| Config { max_moov, ..default_rules() };
    let refusal = refused_by(&good, &rules(length - 1), Check::MoovTooLarge);
    assert_eq!(refusal.judged_after, at as u64 + 8);
    accepted_by(&good, &rules(length));
}

#[test]
fn no_setting_raises_the_hard_limit_of_moov() {
    let file = edited(FIRST, |file| {
        file.at("moov").children.push(leaf(*b"free", &vec![0; 16 * 1024 * 1024]));
    });
    let rules = Config { max_moov: u64::MAX, ..default_rules() };
    let refusal = refusal_in_one_chunk(&file, rules);
    assert_eq!(refusal, Check::MoovTooLarge);
}

/// The check that refuses a large file pushed in one chunk.
fn refusal_in_one_chunk(file: &[u8], rules: Config) -> Check {
    crate::harness::mp4::judge(file, rules).unwrap_err().finding.check
}

#[test]
fn a_moof_above_the_limit_is_refused() {
    let rules = Config { max_moof: 100, ..default_rules() };
    refused_by(&sample("good-fragmented.mp4"), &rules, Check::MoofTooLarge);
}

#[test]
fn a_second_moov_is_noted_if_it_is_a_copy() {
    assert_eq!(noted(GOOD, |file| file.double("moov")), [Check::MoovDuplicate]);
    let longer = |file: &mut Node| {
        file.double("moov");
        file.at("moov:1").children.push(leaf(*b"free", b""));
    };
    let refusal = refused(GOOD, Check::MoovDuplicate, longer);
    assert_eq!(refusal.judged_after, refusal.finding.at.unwrap() + 8);
    refused(GOOD, Check::MoovDuplicate, |file| {
        file.double("moov");
        file.at("moov:1/mvhd").add(16, 1);
    });
}

#[test]
fn a_fragment_before_moov_is_refused() {
    refused("good-fragmented.mp4", Check::MoofBeforeMoov, |file| {
        let moov = file.remove("moov");
        file.children.push(moov);
    });
}

#[test]
fn inner_boxes_at_the_top_level_are_refused() {
    refused(GOOD, Check::BoxMisplaced, |file| {
        let trak = file.remove("moov/trak:1");
        file.children.push(trak);
    });
}

#[test]
fn bytes_beyond_the_declared_length_are_refused() {
    let good = sample(GOOD);
    for size in [1, 1000, good.len() + 1] {
        let long = [&good[..], b"!"].concat();
        let mut scanner = scanner(&good, default_rules());
        for chunk in long.chunks(size) {
            scanner.push(chunk);
            supply(&mut scanner, &long);
        }
        let refusal = scanner.finish().unwrap_err();
        assert_eq!(refusal.finding.check, Check::LengthMismatch);
        assert_eq!(refusal.finding.at, Some(good.len() as u64));
        assert_eq!(refusal.judged_after, good.len() as u64 + 1);
    }
}

#[test]
fn a_length_set_at_the_end_gives_the_same_facts() {
    for name in [GOOD, FIRST, "good-fragmented.mp4"] {
        let file = sample(name);
        let declared = accepted(name, |_| {});
        let rules = std::sync::Arc::new(default_rules());
        let mut scanner = forte_media::inspect::Scanner::new(rules, None, crate::harness::mp4::NOW);
        for chunk in file.chunks(1000) {
            scanner.push(chunk);
            supply(&mut scanner, &file);
        }
        scanner.set_length(Length::new(file.len() as u64));
        supply(&mut scanner, &file);
        assert_eq!(scanner.finish().unwrap(), declared);
    }
}

/// The length of the file is unknown: a form declares only the length of the whole request.
#[test]
fn a_box_above_the_maximum_length_is_refused_at_its_header() {
    let file = sample(GOOD);
    let length = file.len() as u64;
    let judged = |at_most: u64| {
        let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
        scanner.set_max_length(Length::new(at_most));
        scanner.push(&file[..64]);
        scanner.refusal().map(|refusal| (refusal.finding.check, refusal.judged_after))
    };
    assert_eq!(judged(length + 1000), None);
    assert_eq!(judged(10_000), Some((Check::BoxBeyondEnd, 48)));
}

/// With `moov` first the end of the media is known early.
#[test]
fn samples_above_the_maximum_length_are_refused_with_moov() {
    let file = sample(FIRST);
    let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
    scanner.set_max_length(Length::new(10_000));
    push(&mut scanner, &file[..3000], &file);
    let refusal = scanner.refusal().unwrap();
    assert_eq!(refusal.finding.check, Check::SampleOutsideFile);
    assert!(refusal.judged_after < 3000);
}

//! Checks at the end of a file, and `enforce = false`, which turns refusals into notes.

use std::sync::Arc;

use forte_media::inspect::{Config, Scanner, digest_mismatch};
use forte_media::model::{Check, Digest, Length};

use crate::harness::boxes::leaf;
use crate::harness::mp4::{
    NOW, accepted_by, default_rules, edited, judge, noted, push, refused, sample, scanner,
};

const GOOD: &str = "good-moov-last.mp4";

#[test]
fn an_upload_with_missing_bytes_is_truncated() {
    let good = sample(GOOD);
    for come in [5, 32, 36, 40, 1000, good.len() - 1] {
        let mut scanner = scanner(&good, default_rules());
        push(&mut scanner, &good[..come], &good);
        let refusal = scanner.finish().unwrap_err();
        assert_eq!(refusal.finding.check, Check::Truncated, "{come} bytes");
        assert_eq!(refusal.judged_after, come as u64);
    }
}

#[test]
fn a_file_without_its_end_is_truncated_even_if_no_length_was_declared() {
    let good = sample(GOOD);
    let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
    push(&mut scanner, &good[..good.len() - 1], &good);
    assert_eq!(scanner.finish().unwrap_err().finding.check, Check::Truncated);
}

#[test]
fn a_recording_without_moov_is_reported_as_not_finished() {
    let refusal = refused(GOOD, Check::MoovMissing, |file| drop(file.remove("moov")));
    assert!(refusal.finding.message.contains("not finished on the device"));
    refused(GOOD, Check::MoovMissing, |file| {
        file.remove("moov");
        file.remove("mdat");
    });
}

#[test]
fn a_recording_without_media_is_refused() {
    refused(GOOD, Check::MdatMissing, |file| file.at("mdat").kind = *b"free");
}

#[test]
fn unreferenced_media_is_noted() {
    let with =
        |bytes: usize| noted(GOOD, |file| file.children.push(leaf(*b"mdat", &vec![1; bytes])));
    assert_eq!(with(16_000), [Check::MdatUnreferenced]);
    assert_eq!(with(15_000), []);
}

#[test]
fn a_digest_other_than_the_declared_one_is_refused() {
    let refusal = digest_mismatch(Digest::new([1; 32]), Digest::new([2; 32]), 77);
    assert_eq!(refusal.finding.check, Check::DigestMismatch);
    assert_eq!(refusal.judged_after, 77);
}

#[test]
fn without_enforcement_everything_is_accepted_with_notes() {
    let observe = Config { enforce: false, ..default_rules() };
    for (name, check) in [
        ("bad-not-mp4.mp4", Check::NotMp4),
        ("bad-no-video.mp4", Check::NoVideoTrack),
        ("bad-too-short.mp4", Check::DurationOutOfRange),
        ("quicktime.mov", Check::Quicktime),
    ] {
        let found = accepted_by(&sample(name), &observe);
        assert!(found.notes.iter().any(|note| note.check == check), "{name}");
    }
    assert_eq!(accepted_by(&sample(GOOD), &observe), accepted_by(&sample(GOOD), &default_rules()));
}

#[test]
fn without_enforcement_the_facts_of_a_bad_file_are_reported() {
    let observe = Config { enforce: false, ..default_rules() };
    let facts = accepted_by(&sample("bad-too-short.mp4"), &observe).facts;
    assert_eq!(facts.duration_ms, Some(400));
}

#[test]
fn a_refusal_contains_the_earlier_notes() {
    let file = edited(GOOD, |file| {
        file.children.insert(1, leaf(*b"abcd", b""));
        file.children.push(leaf(*b"efgh", b""));
        file.at("moov/mvhd").fields[0] = 2;
    });
    let refusal = judge(&file, default_rules()).unwrap_err();
    let notes: Vec<Check> = refusal.notes.iter().map(|note| note.check).collect();
    assert_eq!(notes, [Check::BoxUnknown]);
}

#[test]
fn an_error_in_an_earlier_box_wins_over_one_in_a_later_header() {
    let bad = edited(GOOD, |file| {
        file.at("moov/mvhd").fields[0] = 2;
        file.double("moov");
        file.at("moov:1").children.pop();
    });
    let refusal = judge(&bad, default_rules()).unwrap_err();
    assert_eq!(refusal.finding.check, Check::BoxVersion);
    let mut scanner =
        Scanner::new(Arc::new(default_rules()), Some(Length::new(bad.len() as u64)), NOW);
    let (head, tail) = bad.split_at(16_000); // within the first moov
    push(&mut scanner, head, &bad);
    scanner.push(tail);
    assert!(scanner.refusal().is_none(), "the first moov has not been read");
    crate::harness::mp4::supply(&mut scanner, &bad);
    assert_eq!(scanner.refusal(), Some(&refusal));
}

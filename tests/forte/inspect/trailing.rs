//! Bytes after the last box.

use forte_media::inspect::{Config, Scanner};
use forte_media::model::{Check, Length};
use std::sync::Arc;

use crate::harness::mp4::{
    NOW, accepted_by, default_rules, judge, push, refused_by, sample, supply,
};

const LAST: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";

/// The end of the trailer of a Samsung phone.
const SAMSUNG: &[u8] = b"\0\0\x01\x0A\x10\0\0\0Image_UTC_DataSEFHk\0\0\0\x01\0\0\0\x18\0\0\0SEFT";

fn with(name: &str, tail: &[u8]) -> Vec<u8> {
    [&sample(name), tail].concat()
}

fn assert_noted(file: &[u8], length: usize) {
    let notes = accepted_by(file, &default_rules()).notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0].check, Check::TrailingBytes);
    assert_eq!(notes[0].at, Some((file.len() - length) as u64), "{}", notes[0].message);
}

#[test]
fn zeros_and_text_may_follow_the_last_box() {
    let boundary = b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n";
    for name in [LAST, FIRST, FRAGMENTED] {
        let zeros = vec![0; 99_999];
        for tail in [&b"\r\n"[..], b"\n", boundary, &[0; 7], &[0; 8], &[0; 15], &zeros] {
            assert_noted(&with(name, tail), tail.len());
        }
    }
}

#[test]
fn the_trailer_of_a_maker_may_follow_the_last_box() {
    let thumbnail = [b"\xFF\xD8\xFF\xE0\0\x10JFIF".to_vec(), vec![7; 5000]].concat();
    for name in [LAST, FIRST] {
        assert_noted(&with(name, SAMSUNG), SAMSUNG.len());
        assert_noted(&with(name, &thumbnail), thumbnail.len());
    }
    assert_noted(&with(LAST, &[0x9C; 300]), 300);
}

/// Bytes that were repeated in the media move its end behind its box.
#[test]
fn other_bytes_behind_the_media_are_refused() {
    refused_by(&with(FIRST, &[0x9C; 300]), &default_rules(), Check::TrailingBytes);
    let file = sample(FIRST);
    let (from, to) = (file.len() - 2000, file.len() - 1000);
    let repeated = [&file[..to], &file[from..]].concat();
    assert!(judge(&repeated, default_rules()).is_err());
}

#[test]
fn other_bytes_behind_a_fragment_are_refused() {
    for tail in [&b"\x9C\x9C\x9C\x9C\x9C\x9C\x9C\x9C"[..], SAMSUNG, b"\0\0\x01"] {
        assert!(judge(&with(FRAGMENTED, tail), default_rules()).is_err(), "{tail:?}");
    }
}

#[test]
fn the_bytes_after_the_last_box_are_limited() {
    let rules = Config { max_trailing: 4000, ..default_rules() };
    for tail in [[0; 4000], [b'x'; 4000], [0x9C; 4000]] {
        accepted_by(&with(LAST, &tail), &rules);
    }
    let long = with(LAST, &[0; 4001]);
    let refusal = refused_by(&long, &rules, Check::TrailingBytes);
    let end = sample(LAST).len() as u64;
    assert_eq!(refusal.judged_after, end + 8, "the length is known");
    let mut scanner = Scanner::new(Arc::new(rules), None, NOW);
    push(&mut scanner, &long, &long);
    assert_eq!(scanner.refusal().unwrap().judged_after, end + 4001);
}

#[test]
fn text_after_a_file_of_unknown_length_is_noted_too() {
    for tail in [&b"\r\n"[..], b"\r\n--boundary--\r\n", &[0; 64]] {
        let file = with(LAST, tail);
        let mut scanner = Scanner::new(Arc::new(default_rules()), None, NOW);
        scanner.push(&file);
        supply(&mut scanner, &file);
        scanner.set_length(Length::new(file.len() as u64));
        supply(&mut scanner, &file);
        assert_eq!(scanner.finish(), judge(&file, default_rules()));
    }
}

/// A box of an unknown type is a box: where its end is missing, the file is incomplete.
#[test]
fn an_unknown_box_past_the_end_is_refused() {
    refused_by(&with(LAST, b"\0\0\x10\0abcd123"), &default_rules(), Check::BoxBeyondEnd);
}

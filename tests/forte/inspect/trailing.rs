//! Bytes after the last box.

use std::sync::Arc;

use forte_media::inspect::{Config, NalChain, Scanner};
use forte_media::model::{Check, Length, Random};

use crate::harness::boxes::Node;
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

/// Bytes of no known kind.
fn foreign(length: usize) -> Vec<u8> {
    let random = Random::seeded(28);
    (0..length).map(|_| random.bytes::<1>()[0] | 0x80).collect()
}

#[test]
fn the_trailer_of_a_maker_may_follow_the_last_box() {
    let thumbnail = [b"\xFF\xD8\xFF\xE0\0\x10JFIF".to_vec(), vec![7; 5000]].concat();
    for name in [LAST, FIRST, FRAGMENTED] {
        assert_noted(&with(name, SAMSUNG), SAMSUNG.len());
        assert_noted(&with(name, &thumbnail), thumbnail.len());
    }
}

#[test]
fn other_bytes_behind_the_last_box_are_noted() {
    for name in [LAST, FIRST, FRAGMENTED] {
        for length in [8, 9, 300, 70_000] {
            assert_noted(&with(name, &foreign(length)), length);
        }
        assert_noted(&with(name, &[0x9C; 300]), 300);
    }
    assert_noted(&with(FIRST, &foreign(7)), 7);
}

/// Bytes that were repeated in the media move its end behind its box.
#[test]
fn other_bytes_behind_media_with_repeated_bytes_are_refused() {
    for (name, mdat) in [(FIRST, "mdat"), (FRAGMENTED, "mdat:1"), (FRAGMENTED, "mdat")] {
        let mut file = Node::parse(&sample(name));
        let start = usize::try_from(file.position(mdat)).unwrap() + 8;
        let end = start + file.at(mdat).fields.len();
        let file = sample(name);
        for length in [9, 64, 300, 2000] {
            for from in (start..end - length).step_by(97) {
                let again = &file[from..from + length];
                let repeated = [&file[..from], again, &file[from..]].concat();
                assert!(judge(&repeated, default_rules()).is_err(), "{name}: {length} at {from}");
            }
        }
    }
}

/// Behind the last unit of a fragment there is sound. Bytes that are lost there move the next fragment.
#[test]
fn other_bytes_behind_media_with_lost_bytes_are_refused() {
    let file = sample(FRAGMENTED);
    let moof = usize::try_from(Node::parse(&file).position("moof:1")).unwrap();
    for length in [8, 64, 300] {
        for from in (moof - 3000..moof - length).step_by(61) {
            let lost = [&file[..from], &file[from + length..]].concat();
            assert!(judge(&lost, default_rules()).is_err(), "{length} at {from}");
        }
    }
}

/// Without NAL units nothing proves that the media has not moved.
#[test]
fn other_bytes_behind_unproven_media_are_refused() {
    let rules = Config { nal_chain: NalChain::Off, ..default_rules() };
    refused_by(&with(FIRST, &foreign(300)), &rules, Check::TrailingBytes);
    refused_by(&with(FRAGMENTED, &foreign(300)), &rules, Check::BoxGarbage);
    let mut damaged = with(FIRST, &foreign(300));
    let media = usize::try_from(Node::parse(&sample(FIRST)).position("mdat")).unwrap();
    damaged[media + 8..media + 12].fill(0xFF);
    refused_by(&damaged, &default_rules(), Check::NalChain);
}

#[test]
fn the_beginning_of_another_fragment_is_refused() {
    for tail in [&b"\0\0\x01"[..], b"\0\0\x01\x10moof\0\0", b"\0\0\x01\x10mdat"] {
        assert!(judge(&with(FRAGMENTED, tail), default_rules()).is_err(), "{tail:?}");
    }
    let with_box = [foreign(64), b"moof".to_vec(), foreign(64)].concat();
    refused_by(&with(FRAGMENTED, &with_box), &default_rules(), Check::BoxGarbage);
    refused_by(&with(FIRST, &with_box), &default_rules(), Check::TrailingBytes);
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
    for (name, tail) in [
        (LAST, &b"\r\n"[..]),
        (LAST, b"\r\n--boundary--\r\n"),
        (LAST, &[0; 64]),
        (FIRST, &foreign(64)),
        (FRAGMENTED, &foreign(64)),
    ] {
        let file = with(name, tail);
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

//! Thousands of damaged files: none makes the inspection fail, and every way of cutting agrees.

use forte_media::inspect::{Config, CutRecording};
use forte_media::model::Random;

use crate::harness::mp4::{judge, judge_in_pieces, sample};

/// Damaged files of each clip.
const ROUNDS: usize = 1500;

/// Numbers that break arithmetic.
const EVIL: [u32; 10] =
    [0, 1, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF7, 0xFFFF_FFFF, 0x3F3F_3F3F, 0x0100_0000];

#[test]
fn no_damage_makes_the_inspection_fail() {
    let random = Random::seeded(20_260_115);
    for name in
        ["good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4", "quicktime.mov"]
    {
        let good = sample(name);
        let places = metadata(&good);
        for _ in 0..ROUNDS {
            let bad = damaged(&good, &places, &random);
            let whole = judge(&bad, Config::relaxed());
            let pieces = judge_in_pieces(&bad, Config::relaxed(), 501);
            assert_eq!(pieces, whole);
            let cut = Config { cut_recording: CutRecording::Accept, ..Config::relaxed() };
            assert_eq!(judge_in_pieces(&bad, cut.clone(), 501), judge(&bad, cut));
        }
    }
}

/// Positions outside of the media, where damage matters.
fn metadata(file: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at + 8 <= file.len() {
        let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let end = if &file[at + 4..at + 8] == b"mdat" { at + 8 } else { at + size };
        places.extend(at..end);
        at += size;
    }
    places
}

fn damaged(good: &[u8], places: &[usize], random: &Random) -> Vec<u8> {
    let mut bad = good.to_vec();
    for _ in 0..=below(3, random) {
        let at = places[below(places.len(), random)].min(bad.len().saturating_sub(4));
        match below(5, random) {
            0 => bad[at] ^= 1 << below(8, random),
            1 => bad[at] = random.bytes::<1>()[0],
            2 => bad[at..at + 4].copy_from_slice(&EVIL[below(EVIL.len(), random)].to_be_bytes()),
            3 => drop(bad.drain(at..(at + below(16, random)).min(bad.len()))),
            _ => bad.truncate(at.max(16)),
        }
        if bad.len() < 16 {
            break;
        }
    }
    bad
}

fn below(limit: usize, random: &Random) -> usize {
    usize::try_from(u32::from_be_bytes(random.bytes())).unwrap() % limit
}

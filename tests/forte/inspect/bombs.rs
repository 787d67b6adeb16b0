//! Files made to exhaust a reader (S39): refused, with a heap below three times `moov`.

use allocation_counter::measure;
use forte_media::inspect::Config;
use forte_media::model::{Check, Refusal};

use crate::harness::boxes::{Node, boxed, leaf, table};
use crate::harness::mp4::{edited, push, sample, scanner};

const GOOD: &str = "good-moov-last.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// What a scanner needs beside the tables: headers, notes, messages.
const SPARE: u64 = 64 * 1024;

/// Judges a file in the pieces of an upload, and checks the heap it takes: the copies of `moov`
/// that are read back count too.
fn within_bounds(file: &[u8]) -> Result<(), Refusal> {
    let moov = file
        .windows(4)
        .position(|kind| kind == b"moov")
        .map_or(0, |at| u64::from(u32::from_be_bytes(file[at - 4..at].try_into().unwrap())));
    let mut verdict = Ok(());
    let heap = measure(|| {
        let mut scanner = scanner(file, Config::relaxed());
        for piece in file.chunks(1 << 20) {
            push(&mut scanner, piece, file);
        }
        verdict = scanner.finish().map(drop);
    });
    // `push` lends the bytes of the file instead of reading them back: that copy is added here.
    let taken = heap.bytes_max + moov;
    assert!(taken < 3 * moov + SPARE, "{taken} bytes of heap for a moov of {moov}");
    verdict
}

fn is_refused(file: &[u8], check: Check) {
    assert_eq!(within_bounds(file).unwrap_err().finding.check, check);
}

#[test]
fn a_good_file_stays_within_bounds() {
    for name in [GOOD, "good-moov-first.mp4", "good-fragmented.mp4", "inspection.mp4"] {
        within_bounds(&sample(name)).unwrap();
    }
}

#[test]
fn a_table_of_four_billion_entries_takes_no_memory() {
    for (kind, place) in [("stts", 4), ("stsc", 4), ("stsz", 8), ("stco", 4)] {
        let file = edited(GOOD, |file| file.at(STBL).at(kind).set(place, u32::MAX));
        is_refused(&file, Check::TableSize);
    }
}

/// A track with as many one-byte chunks as `moov` may hold, each `step` bytes after the last.
fn many_chunks(count: u32, step: u32) -> Vec<u8> {
    let mut file = Node::parse(&sample(GOOD));
    file.remove("moov/trak:1");
    let at = 48;
    let stbl = file.at(STBL);
    for kind in ["ctts", "stss"] {
        stbl.remove(kind);
    }
    let offsets: Vec<u32> = (0..count).map(|index| at + index * step).collect();
    stbl.replace("stts", table(*b"stts", 1, &[count, 512]));
    stbl.replace("stsc", table(*b"stsc", 1, &[1, 1, 1]));
    stbl.replace("stsz", table(*b"stsz", 1, &[count]));
    stbl.replace("stco", table(*b"stco", count, &offsets));
    file.at("mdat").fields.resize((count * step) as usize, 0);
    file.bytes()
}

#[test]
fn a_million_scattered_chunks_stay_within_bounds() {
    within_bounds(&many_chunks(1_000_000, 2)).unwrap();
}

#[test]
fn a_million_chunks_in_one_place_overlap() {
    let mut file = Node::parse(&many_chunks(1_000_000, 1));
    file.at(STBL).at("stsz").set(4, 2);
    is_refused(&file.bytes(), Check::SampleOverlap);
}

#[test]
fn half_a_million_boxes_in_moov_are_too_many() {
    let file = edited(GOOD, |file| {
        let empty = leaf(*b"free", b"");
        file.at("moov").children.extend(std::iter::repeat_n(empty, 500_000));
    });
    is_refused(&file, Check::TooManyBoxes);
}

#[test]
fn a_tower_of_boxes_is_too_deep() {
    let sizes = (1..=100_000_u32).rev().map(|left| left * 8);
    let tower: Vec<u8> = sizes.flat_map(|size| [size.to_be_bytes(), *b"trak"].concat()).collect();
    let file = [&sample(GOOD)[..32], &boxed(*b"moov", &tower)].concat();
    is_refused(&file, Check::BoxTooDeep);
}

#[test]
fn twenty_thousand_tracks_are_too_many() {
    let file = edited(GOOD, |file| {
        let empty = leaf(*b"trak", b"");
        file.at("moov").children.extend(std::iter::repeat_n(empty, 20_000));
    });
    is_refused(&file, Check::TooManyTracks);
}

#[test]
fn eight_million_empty_boxes_are_too_many() {
    let mut file = sample(GOOD);
    file.extend(boxed(*b"free", b"").repeat(8_000_000));
    is_refused(&file, Check::TooManyBoxes);
}

//! Files made to exhaust memory are refused, with a heap below three times the size of `moov`.

use allocation_counter::measure;
use forte_media::inspect::Config;
use forte_media::model::{Check, Refusal};

use crate::harness::boxes::{Node, boxed, leaf, table};
use crate::harness::mp4::{edited, push, sample, scanner};

const GOOD: &str = "good-moov-last.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// Heap for everything except the tables: headers, notes, messages.
const SPARE: u64 = 64 * 1024;

/// Judges a file in chunks as large as those of an upload, and asserts a limit on the heap, which
/// includes the copy of `moov` that is read back.
fn assert_heap_is_bounded(file: &[u8]) -> Result<(), Refusal> {
    let moov = file
        .windows(4)
        .position(|kind| kind == b"moov")
        .map_or(0, |at| u64::from(u32::from_be_bytes(file[at - 4..at].try_into().unwrap())));
    let mut verdict = Ok(());
    let heap = measure(|| {
        let mut scanner = scanner(file, Config::relaxed());
        for chunk in file.chunks(1 << 20) {
            push(&mut scanner, chunk, file);
        }
        verdict = scanner.finish().map(drop);
    });
    // `push` borrows from the file instead of reading it back, so that copy is added here.
    let taken = heap.bytes_max + moov;
    assert!(taken < 3 * moov + SPARE, "{taken} bytes of heap for a moov of {moov}");
    verdict
}

fn assert_refused(file: &[u8], check: Check) {
    assert_eq!(assert_heap_is_bounded(file).unwrap_err().finding.check, check);
}

#[test]
fn a_good_file_stays_within_the_heap_limit() {
    for name in [GOOD, "good-moov-first.mp4", "good-fragmented.mp4", "inspection.mp4"] {
        assert_heap_is_bounded(&sample(name)).unwrap();
    }
}

#[test]
fn a_table_claiming_four_billion_entries_allocates_nothing() {
    for (kind, place) in [("stts", 4), ("stsc", 4), ("stsz", 8), ("stco", 4)] {
        let file = edited(GOOD, |file| file.at(STBL).at(kind).set(place, u32::MAX));
        assert_refused(&file, Check::TableSize);
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
fn a_million_scattered_chunks_stay_within_the_heap_limit() {
    assert_heap_is_bounded(&many_chunks(1_000_000, 2)).unwrap();
}

#[test]
fn a_million_overlapping_chunks_are_refused() {
    let mut file = Node::parse(&many_chunks(1_000_000, 1));
    file.at(STBL).at("stsz").set(4, 2);
    assert_refused(&file.bytes(), Check::SampleOverlap);
}

#[test]
fn half_a_million_boxes_in_moov_are_refused() {
    let file = edited(GOOD, |file| {
        let empty = leaf(*b"free", b"");
        file.at("moov").children.extend(std::iter::repeat_n(empty, 500_000));
    });
    assert_refused(&file, Check::TooManyBoxes);
}

#[test]
fn a_hundred_thousand_nested_boxes_are_refused() {
    let sizes = (1..=100_000_u32).rev().map(|left| left * 8);
    let nested: Vec<u8> = sizes.flat_map(|size| [size.to_be_bytes(), *b"trak"].concat()).collect();
    let file = [&sample(GOOD)[..32], &boxed(*b"moov", &nested)].concat();
    assert_refused(&file, Check::BoxTooDeep);
}

#[test]
fn twenty_thousand_tracks_are_refused() {
    let file = edited(GOOD, |file| {
        let empty = leaf(*b"trak", b"");
        file.at("moov").children.extend(std::iter::repeat_n(empty, 20_000));
    });
    assert_refused(&file, Check::TooManyTracks);
}

#[test]
fn eight_million_empty_boxes_are_refused() {
    let mut file = sample(GOOD);
    file.extend(boxed(*b"free", b"").repeat(8_000_000));
    assert_refused(&file, Check::TooManyBoxes);
}

//! The cost of the inspection, compared with the SHA-256 of the same bytes in the same run. Prints
//! ratios; there are no thresholds.
//!
//! `cargo bench --bench inspect [-- ROUNDS]`: medians over the rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]
#![expect(clippy::print_stdout, reason = "the results go to standard output")]

#[path = "../tests/forte/harness/boxes.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod boxes;

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boxes::{Node, table};
use forte_media::inspect::{Config, Digests, NalChain, Scanner};
use forte_media::model::Length;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const GOOD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/good-moov-last.mp4");
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Default number of rounds.
const ROUNDS: usize = 15;
/// Bytes that the server reads at a time.
const SLICE: usize = 64 * 1024;
/// Bytes that a phone sends at a time.
const PIECE: usize = 500 * 1024;
/// The length of the longest accepted video.
const FILE: usize = 64 * 1024 * 1024;
/// The number of pictures of a phone at 8 Mbit/s: one minute with 30 per second.
const PICTURES: usize = 1_920;
/// Pictures that fill a `moov` of 4 MiB, with a composition offset for each.
const MANY: usize = 345_000;
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// A file in memory and on disk.
struct Clip {
    bytes: Vec<u8>,
    disk: File,
}

fn main() {
    // cargo adds --bench.
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let folder = TempDir::new_in(SCRATCH).unwrap();
    let [last, first] = [false, true].map(|first| clip(&folder, &sizes(PICTURES), first, false));
    let floor = median(rounds, || drop(black_box(sha256(&last.bytes))));
    println!("SHA-256 of {} MiB: {:.1} ms", FILE >> 20, millis(floor));
    let report = |name: &str, took: Duration| {
        let part = took.as_secs_f64() / floor.as_secs_f64() * 100.0;
        println!("{name:<58} {:>8.3} ms {part:>7.2} % of it", millis(took));
    };
    for (place, clip) in [("last", &last), ("first", &first)] {
        for (cut, piece) in [("one request", usize::MAX), ("500 KiB pieces", PIECE)] {
            let off = median(rounds, || scan(clip, NalChain::Off, piece));
            let walk = median(rounds, || scan(clip, NalChain::Refuse, piece));
            report(&format!("moov {place}, {cut}: scanner, checks, facts"), off);
            report(
                &format!("moov {place}, {cut}: check of the NAL units"),
                walk.saturating_sub(off),
            );
        }
    }
    let both = median(rounds, || digests(&last));
    report("hash of the media, in addition to that of the file", both.saturating_sub(floor));
    for (place, moov_first) in [("last", false), ("first", true)] {
        let many = clip(&folder, &sizes(MANY), moov_first, true);
        let moov = many.bytes.len() - FILE;
        let took = median(rounds, || scan(&many, NalChain::Refuse, usize::MAX));
        report(&format!("moov of {moov} bytes {place}, all checks"), took);
    }
}

/// Sizes of pictures that fill a file: one in thirty is four times as large.
fn sizes(pictures: usize) -> Vec<usize> {
    let unit = FILE / (pictures + pictures / 30 * 3);
    (0..pictures).map(|index| if index % 30 == 0 { unit * 4 } else { unit }).collect()
}

/// A valid clip with pictures of these sizes, half a second per chunk. Each picture is a short NAL unit
/// and a slice, as the encoders of phones write them.
fn clip(folder: &TempDir, sizes: &[usize], moov_first: bool, composition: bool) -> Clip {
    let mut file = Node::parse(&fs::read(GOOD).unwrap());
    file.remove("moov/trak:1");
    file.remove("free");
    let media: Vec<u8> = sizes.iter().flat_map(|size| picture(*size)).collect();
    let number = |number: usize| u32::try_from(number).unwrap();
    let count = number(sizes.len());
    let stbl = file.at(STBL);
    let words: Vec<u32> = sizes.iter().map(|size| number(*size)).collect();
    stbl.replace("stts", table(*b"stts", 1, &[count, 512]));
    stbl.replace("stsz", table(*b"stsz", 0, &[&[count], &words[..]].concat()));
    stbl.replace("stsc", table(*b"stsc", 1, &[1, 15, 1]));
    stbl.replace("stss", table(*b"stss", 1, &[1]));
    let offsets: Vec<u32> = (0..count).flat_map(|index| [1, index % 3 * 512]).collect();
    let entries = if composition { (count, offsets) } else { (1, vec![count, 512]) };
    stbl.replace("ctts", table(*b"ctts", entries.0, &entries.1));
    let starts: Vec<u32> = sizes
        .chunks(15)
        .scan(0, |at, chunk| {
            let start = *at;
            *at += chunk.iter().sum::<usize>();
            Some(number(start))
        })
        .collect();
    stbl.replace("stco", table(*b"stco", number(starts.len()), &starts));
    file.at("mdat").fields = media;
    let moov = file.at("moov").bytes().len();
    let before = file.at("ftyp").bytes().len() + 8 + if moov_first { moov } else { 0 };
    if moov_first {
        let moov = file.remove("moov");
        file.children.insert(1, moov);
    }
    file.shift_chunks(i32::try_from(before).unwrap());
    let bytes = file.bytes();
    let path = folder.path().join(format!("{}-{moov_first}", sizes.len()));
    fs::write(&path, &bytes).unwrap();
    Clip { bytes, disk: File::open(path).unwrap() }
}

fn picture(size: usize) -> Vec<u8> {
    let short = 24;
    let slice = size - 8 - short;
    let unit = |length: usize| {
        let header = u32::try_from(length).unwrap().to_be_bytes();
        [&header[..], &vec![0x65; length]].concat()
    };
    [unit(short), unit(slice)].concat()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    bytes.chunks(SLICE).for_each(|slice| hash.update(slice));
    hash.finalize().to_vec()
}

fn scanner(clip: &Clip, nal_chain: NalChain) -> Scanner {
    let rules = Config { nal_chain, ..Config::relaxed() };
    Scanner::new(Arc::new(rules), Some(Length::new(clip.bytes.len() as u64)), NOW)
}

/// Scans as the server does: pieces arrive in slices, and needed ranges are read from the disk.
fn scan(clip: &Clip, nal_chain: NalChain, piece: usize) {
    let mut scanner = scanner(clip, nal_chain);
    let mut again = Vec::new();
    for piece in clip.bytes.chunks(piece.min(clip.bytes.len())) {
        scanner = black_box(scanner.clone());
        for slice in piece.chunks(SLICE) {
            scanner.push(slice);
            while let Some(needed) = scanner.needed_range() {
                again.resize(usize::try_from(needed.end - needed.start).unwrap(), 0);
                clip.disk.read_exact_at(&mut again, needed.start).unwrap();
                scanner.supply(&again);
            }
        }
    }
    black_box(scanner.finish().unwrap());
}

/// Both hashes, without the inspection.
fn digests(clip: &Clip) {
    let mut scanner = scanner(clip, NalChain::Off);
    let mut digests = Digests::default();
    for slice in clip.bytes.chunks(SLICE) {
        scanner.push(slice);
        digests.update(&scanner, slice);
    }
    black_box((digests.sha256(), digests.media_sha256()));
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    work(); // warm up
    let mut times: Vec<Duration> = (0..rounds.max(1))
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

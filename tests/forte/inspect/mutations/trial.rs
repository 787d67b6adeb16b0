//! One damaged file on trial.

use std::sync::Arc;

use allocation_counter::measure;
use forte_media::inspect::{Config, Scanner, TruncatedRecording, steps};
use forte_media::model::{Length, Random};

use crate::harness::mp4::{self, NOW, Verdict, judge_in_pieces};
use crate::harness::mutants::below;

/// Heap beside the boxes that are read: headers, notes, messages, the bound of the second opinion.
const SPARE: u64 = 64 * 1024;

/// A box is read at most so often: once by its reader, once for the media (check 41).
const READINGS: u64 = 2;

/// Fields and entries of tables that are read, for each byte of the file. Measured: below one.
const STEPS: u64 = 2;

/// Steps beside those: what is done for the smallest file.
const SPARE_STEPS: u64 = 1_000;

/// What it took to judge a file.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Cost {
    /// Calls of `push`, `wants` and `supply`.
    pub(super) calls: u64,
    /// Bytes that were asked for again.
    pub(super) supplied: u64,
    /// Fields and entries of tables that were read.
    pub(super) steps: u64,
    /// The same for each thousand bytes of the file.
    pub(super) steps_in_1000: u64,
    /// The largest stretch that was asked for.
    pub(super) largest: u64,
    /// Most bytes of heap at a time, what is read back included.
    pub(super) heap: u64,
}

/// Judges a file in all the ways that must agree, and holds what it took against its bounds.
pub(super) fn judge(file: &[u8], random: &Random) -> (Verdict, Cost) {
    let pieces = [1, 7, 501, 4096, 65_536];
    let size = pieces[below(pieces.len(), random)].max(file.len() / 4096);
    let (whole, _) = cost_of(file, file.len().max(1));
    let (verdict, cost) = cost_of(file, size);
    assert_eq!(verdict, whole, "in pieces of {size}");
    assert_eq!(fed_again(file, size), whole, "fed anew to a new scanner, in pieces of {size}");
    let cut = Config { cut_recording: TruncatedRecording::Accept, ..Config::relaxed() };
    assert_eq!(
        judge_in_pieces(file, cut.clone(), size),
        mp4::judge(file, cut),
        "where cut ones go"
    );
    bounded(file, size, cost);
    (verdict, cost)
}

fn bounded(file: &[u8], size: usize, cost: Cost) {
    let length = u64::try_from(file.len()).unwrap();
    let pushes = u64::try_from(file.len().div_ceil(size)).unwrap();
    assert!(cost.supplied <= READINGS * length, "{cost:?} for {length} bytes");
    // A header has at least eight bytes, so no more stretches than that are asked for.
    assert!(cost.calls <= 2 * pushes + READINGS * length / 4 + 2, "{cost:?} for {length} bytes");
    let allowed = STEPS * length + SPARE_STEPS;
    assert!(cost.steps <= allowed, "{cost:?} for {length} bytes");
    assert!(cost.heap < 3 * cost.largest + SPARE, "{cost:?} for {length} bytes");
}

/// Judges a file in pieces of one size, as the upload does: what is wanted is read back.
fn cost_of(file: &[u8], size: usize) -> (Verdict, Cost) {
    let (mut verdict, mut cost) = (None, Cost::default());
    let before = steps::taken();
    let heap = measure(|| {
        let mut scanner = scanner(file);
        for piece in file.chunks(size) {
            scanner.push(piece);
            cost.calls += 1;
            supply(&mut scanner, file, &mut cost);
            if scanner.refusal().is_some() {
                break;
            }
        }
        verdict = Some(scanner.finish());
    });
    cost.heap = heap.bytes_max;
    cost.steps = steps::taken() - before;
    cost.steps_in_1000 = cost.steps * 1000 / file.len().max(1000) as u64;
    (verdict.unwrap(), cost)
}

fn supply(scanner: &mut Scanner, file: &[u8], cost: &mut Cost) {
    while let Some(wanted) = scanner.needed_range() {
        assert!(wanted.end <= scanner.position(), "{wanted:?} has not been pushed");
        let [start, end] = [wanted.start, wanted.end].map(|at| usize::try_from(at).unwrap());
        let read_back = file[start..end].to_vec();
        scanner.supply(&read_back);
        cost.calls += 2;
        cost.supplied += wanted.end - wanted.start;
        cost.largest = cost.largest.max(wanted.end - wanted.start);
    }
}

/// The scanner is lost half-way, as when a node restarts, and another is fed from the beginning.
fn fed_again(file: &[u8], size: usize) -> Verdict {
    let half = file.len() / 2;
    let mut cost = Cost::default();
    let mut scanner = scanner(file);
    scanner.push(&file[..half]);
    supply(&mut scanner, file, &mut cost);
    for piece in file[half..].chunks(size.max(4096)) {
        scanner.push(piece);
        supply(&mut scanner, file, &mut cost);
    }
    scanner.finish()
}

/// A scanner that was told the length of the file.
pub(super) fn scanner(file: &[u8]) -> Scanner {
    let length = Length::new(u64::try_from(file.len()).unwrap());
    Scanner::new(Arc::new(Config::relaxed()), Some(length), NOW)
}
